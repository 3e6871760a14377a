// What adapters need beside matrix products: a gain for each output, sums over rows, dropout.

static void scale_columns(float *y, int ldy, const float *gain, const float *bias, int m, int n) {
    for (int i = 0; i < m; i++, y += ldy) {
        for (int j = 0; j < n; j += W) {
            vf shift = bias ? load_upto(bias + j, n - j) : splat(0);
            vf product = (load_upto(y + j, n - j) - shift) * load_upto(gain + j, n - j);
            store_upto(y + j, product + shift, n - j);
        }
    }
}

static void column_dots(float *sum, const float *a, int lda, const float *b, int ldb, int m, int n) {
    for (int j = 0; j < n; j += W) {
        vf total = splat(0);
        for (int i = 0; i < m; i++) {
            total = FMA(load_upto(a + (size_t)i * lda + j, n - j), load_upto(b + (size_t)i * ldb + j, n - j), total);
        }
        store_upto(sum + j, load_upto(sum + j, n - j) + total, n - j);
    }
}

static void dropout(float *y, const float *x, int n, float probability, uint64_t key) {
    const uint64_t start = agon_mix(key);
    // Compared as integers: the same channels fall on every path.
    const uint64_t threshold = (uint64_t)((double)probability * 0x1p32);
    const float scale = 1.0f / (1.0f - probability);
    for (int j = 0; j < n; j++) {
        const uint64_t hash = agon_mix(start + AGON_GOLDEN_GAMMA * (uint64_t)(j + 1));
        y[j] = (hash >> 32) < threshold ? 0 : x[j] * scale;
    }
}
