// Causal attention, one query row and one head at a time: the order of a row's sums depends on how many keys it
// sees and on d, never on the other rows. Decoding a token gives the bits that prefilling it would have given.

// scores[g] = row · keys[g·stride …] for W keys; of which `count` exist, the last stands in for the others.
AGON_INLINE vf dot_group(const float *row, const float *keys, size_t stride, int count, int d) {
    vf sums[W];
    size_t at[W];
    for (int g = 0; g < W; g++) {
        sums[g] = splat(0);
        at[g] = (size_t)(g < count ? g : count - 1) * stride;
    }
    int i = 0;
    for (; i + W <= d; i += W) {
        vf a = load(row + i);
        for (int g = 0; g < W; g++) sums[g] = FMA(a, load(keys + at[g] + i), sums[g]);
    }
    if (i < d) {
        vf a = load_first(row + i, d - i);
        for (int g = 0; g < W; g++) sums[g] = FMA(a, load_first(keys + at[g] + i, d - i), sums[g]);
    }
    return sum_each(sums);
}

// out[d] = factor · Σ_j weight[j] · rows[j·stride …] (added to out when `add` is set). Key j goes to partial sum
// j mod 4; the four are joined at the end.
AGON_INLINE void weighted_sum(float *out, const float *weight, const float *rows, size_t stride, int count, int d,
                              float factor, int add) {
    for (int i = 0; i < d; i += W) {
        const int left = d - i;
        vf sums[4] = {splat(0), splat(0), splat(0), splat(0)};
        const float *row = rows + i;
        int j = 0;
        for (; j + 4 <= count; j += 4, row += 4 * stride) {
            for (int q = 0; q < 4; q++) sums[q] = FMA(splat(weight[j + q]), load_upto(row + q * stride, left), sums[q]);
        }
        for (int q = 0; j < count; j++, q++, row += stride) {
            vf term = load_upto(row, left);
            if (q == 0) sums[0] = FMA(splat(weight[j]), term, sums[0]);
            if (q == 1) sums[1] = FMA(splat(weight[j]), term, sums[1]);
            if (q == 2) sums[2] = FMA(splat(weight[j]), term, sums[2]);
        }
        vf total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) * factor;
        if (add) total += load_upto(out + i, left);
        store_upto(out + i, total, left);
    }
}

static void attention(float *out, int ldo, float *log_sum_exp, const float *q, int ldq, const float *k, int ldk,
                      const float *v, int ldv, int t, int offset, int heads, int kv_heads, int d, float scale,
                      float *scores) {
    const int group = heads / kv_heads;
    for (int row = 0; row < t; row++) {
        const int keys = offset + row + 1;
        for (int h = 0; h < heads; h++) {
            const size_t kv = (size_t)(h / group) * d;
            const float *query = q + (size_t)row * ldq + (size_t)h * d;
            vf top = splat(-__builtin_inff());
            for (int j = 0; j < keys; j += W) {
                const int left = keys - j;
                vf s = dot_group(query, k + (size_t)j * ldk + kv, ldk, left < W ? left : W, d) * scale;
                top = greater_of(keep_first(s, left, -__builtin_inff()), top);
                store_upto(scores + j, s, left);
            }
            const float greatest = greatest_lane(top);
            vf total = splat(0);
            for (int j = 0; j < keys; j += W) {
                const int left = keys - j;
                vf p = keep_first(exponential(load_upto(scores + j, left) - greatest), left, 0);
                total += p;
                store_upto(scores + j, p, left);
            }
            const float sum = sum_lanes(total);
            weighted_sum(out + (size_t)row * ldo + (size_t)h * d, scores, v + kv, ldv, keys, d, 1.0f / sum, 0);
            if (log_sum_exp) log_sum_exp[(size_t)row * heads + h] = (float)(greatest + agon_log(sum));
        }
    }
}

#define QUERY_BLOCK 4

// p and ds of one query row and head, for keys 0 … row; D = dout · out, ds = scale · p · (dout · v − D).
AGON_INLINE void score_gradients(float *p, float *ds, const float *query, const float *dout, const float *out,
                                 float log_sum_exp, const float *k, int ldk, const float *v, int ldv, int keys, int d,
                                 float scale) {
    vf product = splat(0);
    for (int i = 0; i < d; i += W) product = FMA(load_upto(dout + i, d - i), load_upto(out + i, d - i), product);
    const float total = sum_lanes(product);
    for (int j = 0; j < keys; j += W) {
        const int left = keys - j, count = left < W ? left : W;
        vf s = dot_group(query, k + (size_t)j * ldk, ldk, count, d);
        vf weight = exponential(s * scale - log_sum_exp);
        vf dp = dot_group(dout, v + (size_t)j * ldv, ldv, count, d);
        store_upto(p + j, weight, left);
        store_upto(ds + j, weight * (dp - total) * scale, left);
    }
}

// rows[j·stride …] += Σ_b weight[b·t + j] · source[b·source_stride …], b ascending, for the queries that see key j.
AGON_INLINE void spread(float *rows, int stride, const float *weight, const float *source, int source_stride, int t,
                        int first, int queries, int d) {
    for (int i = 0; i < d; i += W) {
        const int left = d - i;
        vf from[QUERY_BLOCK];
        for (int b = 0; b < QUERY_BLOCK; b++) {
            from[b] = load_upto(source + (size_t)(b < queries ? b : 0) * source_stride + i, left);
        }
        for (int j = 0; j < first + queries; j++) {
            float *row = rows + (size_t)j * stride + i;
            vf sum = load_upto(row, left);
            if (queries == QUERY_BLOCK && j <= first) {
                for (int b = 0; b < QUERY_BLOCK; b++) sum = FMA(splat(weight[(size_t)b * t + j]), from[b], sum);
            } else {
                for (int b = j <= first ? 0 : j - first; b < queries; b++) {
                    sum = FMA(splat(weight[(size_t)b * t + j]), from[b], sum);
                }
            }
            store_upto(row, sum, left);
        }
    }
}

static void attention_backward(float *dq, int lddq, float *dk, int lddk, float *dv, int lddv, const float *dout,
                               int lddo, const float *out, int ldo, const float *log_sum_exp, const float *q, int ldq,
                               const float *k, int ldk, const float *v, int ldv, int t, int heads, int kv_heads, int d,
                               float scale, float *scratch) {
    const int group = heads / kv_heads;
    float *p = scratch, *ds = scratch + (size_t)QUERY_BLOCK * t;
    for (int h = 0; h < heads; h++) {
        const size_t at = (size_t)h * d, kv = (size_t)(h / group) * d;
        for (int first = 0; first < t; first += QUERY_BLOCK) {
            const int queries = t - first < QUERY_BLOCK ? t - first : QUERY_BLOCK;
            for (int b = 0; b < queries; b++) {
                const size_t row = first + b;
                score_gradients(p + (size_t)b * t, ds + (size_t)b * t, q + row * ldq + at, dout + row * lddo + at,
                                out + row * ldo + at, log_sum_exp[row * heads + h], k + kv, ldk, v + kv, ldv,
                                (int)row + 1, d, scale);
                weighted_sum(dq + row * lddq + at, ds + (size_t)b * t, k + kv, ldk, (int)row + 1, d, 1.0f, 1);
            }
            spread(dk + kv, lddk, ds, q + (size_t)first * ldq + at, ldq, t, first, queries, d);
            spread(dv + kv, lddv, p, dout + (size_t)first * lddo + at, lddo, t, first, queries, d);
        }
    }
}
