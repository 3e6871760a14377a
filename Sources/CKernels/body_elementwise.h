// Loops without a reduction over rows: activation, optimiser step, sums over a whole buffer.

static void silu_multiply(float *y, const float *gate, const float *up, size_t count) {
    for (size_t i = 0; i < count; i += W) {
        size_t left = count - i;
        vf g = load_upto(gate + i, left), u = load_upto(up + i, left);
        store_upto(y + i, g / (1.0f + exponential(-g)) * u, left);
    }
}

// With s = σ(gate): d silu / d gate = s · (1 + gate · (1 − s)).
static void silu_multiply_backward(float *dgate, float *dup, const float *dy, const float *gate, const float *up,
                                   size_t count) {
    for (size_t i = 0; i < count; i += W) {
        size_t left = count - i;
        vf g = load_upto(gate + i, left), u = load_upto(up + i, left), d = load_upto(dy + i, left);
        vf s = 1.0f / (1.0f + exponential(-g));
        store_upto(dup + i, d * g * s, left);
        store_upto(dgate + i, d * u * (s * FMA(g, 1.0f - s, splat(1))), left);
    }
}

static void adamw(float *p, const float *g, float *m, float *v, size_t count, float gscale, float lr, float beta1,
                  float beta2, float eps, float decay, float correction1, float correction2) {
    const vf keep = splat(1.0f - lr * decay), b1 = splat(beta1), b2 = splat(beta2);
    for (size_t i = 0; i < count; i += W) {
        size_t left = count - i;
        vf gradient = load_upto(g + i, left) * gscale;
        vf first = FMA(b1, load_upto(m + i, left), (1.0f - b1) * gradient);
        vf second = FMA(b2, load_upto(v + i, left), (1.0f - b2) * gradient * gradient);
        vf step = (first / correction1) / (__builtin_elementwise_sqrt(second / correction2) + eps);
        store_upto(m + i, first, left);
        store_upto(v + i, second, left);
        store_upto(p + i, FMA(splat(-lr), step, load_upto(p + i, left) * keep), left);
    }
}

static double sum_squares(const float *x, size_t count) {
    vd total = (vd)(0.0);
    for (size_t i = 0; i < count; i += W) {
        vd d = __builtin_convertvector(load_upto(x + i, count - i), vd);
        total += d * d;
    }
    double sum = 0;
    for (int lane = 0; lane < W; lane++) sum += total[lane];
    return sum;
}

static void axpy(float *y, const float *x, float a, size_t count) {
    for (size_t i = 0; i < count; i += W) {
        size_t left = count - i;
        store_upto(y + i, FMA(splat(a), load_upto(x + i, left), load_upto(y + i, left)), left);
    }
}
