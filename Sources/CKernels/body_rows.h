// Loops over the rows of a matrix: each row is reduced in an order that depends on its length only.

static void rmsnorm(float *y, float *rstd, const float *x, const float *weight, int m, int c, float eps) {
    for (int row = 0; row < m; row++, x += c, y += c) {
        vf even = splat(0), odd = splat(0);
        for (int i = 0; i < c; i += 2 * W) {
            vf a = load_upto(x + i, c - i);
            even = FMA(a, a, even);
            if (i + W < c) {
                vf b = load_upto(x + i + W, c - i - W);
                odd = FMA(b, b, odd);
            }
        }
        float r = 1.0f / __builtin_sqrtf(sum_lanes(even + odd) / (float)c + eps);
        rstd[row] = r;
        for (int i = 0; i < c; i += W) {
            store_upto(y + i, load_upto(weight + i, c - i) * (load_upto(x + i, c - i) * r), c - i);
        }
    }
}

// With n = x·r and u = dy·weight: dx = r · (u − n · mean(u·n)), dweight = dy·n.
static void rmsnorm_backward(float *dx, float *dweight, const float *dy, const float *x, const float *weight,
                             const float *rstd, int m, int c) {
    for (int row = 0; row < m; row++, x += c, dx += c, dy += c) {
        const float r = rstd[row];
        vf total = splat(0);
        for (int i = 0; i < c; i += W) {
            size_t left = c - i;
            vf n = load_upto(x + i, left) * r, d = load_upto(dy + i, left);
            total = FMA(d * load_upto(weight + i, left), n, total);
            store_upto(dweight + i, FMA(d, n, load_upto(dweight + i, left)), left);
        }
        const vf mean = splat(-sum_lanes(total) / (float)c);
        for (int i = 0; i < c; i += W) {
            size_t left = c - i;
            vf n = load_upto(x + i, left) * r;
            vf u = load_upto(dy + i, left) * load_upto(weight + i, left);
            store_upto(dx + i, FMA(splat(r), FMA(n, mean, u), load_upto(dx + i, left)), left);
        }
    }
}

static void rope(float *x, int ldx, const float *cosine, const float *sine, const int32_t *position, int m,
                 int heads, int d, int inverse) {
    const int half = d / 2;
    for (int row = 0; row < m; row++) {
        const float *cos_row = cosine + (size_t)position[row] * half;
        const float *sin_row = sine + (size_t)position[row] * half;
        float *head = x + (size_t)row * ldx;
        for (int h = 0; h < heads; h++, head += d) {
            for (int i = 0; i < half; i += W) {
                size_t left = half - i;
                vf c = load_upto(cos_row + i, left), s = load_upto(sin_row + i, left);
                if (inverse) s = -s;
                vf a = load_upto(head + i, left), b = load_upto(head + half + i, left);
                store_upto(head + i, FMA(-b, s, a * c), left);
                store_upto(head + half + i, FMA(a, s, b * c), left);
            }
        }
    }
}

static void log_sum_exp(float *result, const float *logits, int ldl, int m, int v) {
    for (int row = 0; row < m; row++, logits += ldl) {
        vf top = splat(-__builtin_inff());
        for (int i = 0; i < v; i += W) {
            top = greater_of(keep_first(load_upto(logits + i, v - i), v - i, -__builtin_inff()), top);
        }
        const float greatest = greatest_lane(top);
        vf total = splat(0);
        for (int i = 0; i < v; i += W) {
            total += keep_first(exponential(load_upto(logits + i, v - i) - greatest), v - i, 0);
        }
        result[row] = (float)(greatest + agon_log(sum_lanes(total)));
    }
}

// H = log Σ exp − Σ p·x, in the shifted form −Σ p·(x − lse), which does not cancel for large logits.
static void entropy(float *result, const float *logits, int ldl, const float *log_sum_exp, int m, int v) {
    for (int row = 0; row < m; row++, logits += ldl) {
        vf total = splat(0);
        for (int i = 0; i < v; i += W) {
            vf log_p = load_upto(logits + i, v - i) - log_sum_exp[row];
            total -= keep_first(exponential(log_p) * log_p, v - i, 0);
        }
        result[row] = sum_lanes(total);
    }
}

static void log_prob_backward(float *logits, int ldl, const float *log_sum_exp, const int32_t *target,
                              const float *coefficient, int m, int v) {
    for (int row = 0; row < m; row++, logits += ldl) {
        const float factor = coefficient[row];
        const int chosen = target[row];
        for (int i = 0; i < v; i += W) {
            vf p = exponential(load_upto(logits + i, v - i) - log_sum_exp[row]);
            vf wanted = choose(lanes() == chosen - i, splat(1), splat(0));
            store_upto(logits + i, factor * (wanted - p), v - i);
        }
    }
}
