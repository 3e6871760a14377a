// The register tile of a product, made from STEP(sum, input, weights), which takes one word of a row and NR words of a
// panel, and STEP_COUNT(k), the words of a row. TILE_(tile) is its name.

// y[rows, n ≤ panels·NR] from x[rows] and adjacent panels. rows and panels are constants at every call.
AGON_INLINE void TILE_(tile)(const int rows, const int panels, float *y, size_t ldy, const float *x, size_t ldx,
                             const float *packed, const float *ahead, int n, int k, const float *bias,
                             int accumulate) {
    const int steps = STEP_COUNT(k);
    vf sums[MR][8];
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int c = 0; c < 2 * panels; c++) sums[r][c] = splat(0);
    }
    for (int i = 0; i < steps; i++) {
        vf w[8];
        UNROLL for (int c = 0; c < 2 * panels; c++) {
            w[c] = load(packed + ((size_t)(c / 2) * steps + i) * NR + (c % 2) * W);
        }
        fetch_ahead(ahead + (size_t)i * NR);
        UNROLL for (int r = 0; r < rows; r++) {
            vf a = splat(x[r * ldx + i]);
            UNROLL for (int c = 0; c < 2 * panels; c++) sums[r][c] = STEP(sums[r][c], a, w[c]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int c = 0; c < 2 * panels; c++) {
            const int left = n - c * W;
            if (left > 0) finish(y + r * ldy + c * W, sums[r][c], bias ? bias + c * W : bias, accumulate, left);
        }
    }
}

#undef TILE_
#undef STEP_COUNT
