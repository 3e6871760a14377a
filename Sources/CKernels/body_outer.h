// The gradient of a product's weights, made from STEP; OUTER is its name and OUTER_(name) that of each helper.
// It runs over words: a word is one row's float, or two rows' bfloat16.

// dw[rows, width ≤ NR] += Σ over m words of dy[·, rows] ⊗ panel[·, NR]; rows is a constant at every call.
AGON_INLINE void OUTER_(outer_tile)(const int rows, float *dw, size_t lddw, const float *dy, size_t lddy,
                                    const float *panel, int m, int width) {
    vf sums[MR][2];
    UNROLL for (int r = 0; r < rows; r++) {
        sums[r][0] = sums[r][1] = splat(0);
        __builtin_prefetch(dw + r * lddw, 1, 3);
        __builtin_prefetch(dw + r * lddw + W, 1, 3);
    }
    for (int i = 0; i < m; i++) {
        vf low = load(panel + (size_t)i * NR), high = load(panel + (size_t)i * NR + W);
        UNROLL for (int r = 0; r < rows; r++) {
            vf a = splat(dy[i * lddy + r]);
            sums[r][0] = STEP(sums[r][0], a, low);
            sums[r][1] = STEP(sums[r][1], a, high);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        finish(dw + r * lddw, sums[r][0], 0, 1, width);
        if (width > W) finish(dw + r * lddw + W, sums[r][1], 0, 1, width - W);
    }
}

#define OUTER_CASE(ROWS) \
    case ROWS: OUTER_(outer_tile)(ROWS, dw, lddw, dy, lddy, panel, m, width); break;

static void OUTER_(outer_rows)(int rows, float *dw, size_t lddw, const float *dy, size_t lddy, const float *panel,
                               int m, int width) {
    switch (rows) {
        OUTER_CASE(1) OUTER_CASE(2) OUTER_CASE(3) OUTER_CASE(4)
#if MR > 4
        OUTER_CASE(5) OUTER_CASE(6)
#endif
#if MR > 6
        OUTER_CASE(7) OUTER_CASE(8) OUTER_CASE(9) OUTER_CASE(10)
        OUTER_CASE(11) OUTER_CASE(12) OUTER_CASE(13) OUTER_CASE(14)
#endif
    }
}

// Words are taken in blocks of ROW_BLOCK. A block's columns of x are copied into panels, those of dy into tiles: read
// where they lie, with rows a power of two apart, they would push one another out of the cache. Each block's sum starts
// from zero and is added to dw, blocks ascending.
static void OUTER(float *dw, int lddw, const float *dy, int lddy, const float *x, int ldx, int m, int n, int k) {
    float panels[PANEL_GROUP][ROW_BLOCK * NR] __attribute__((aligned(64)));
    float columns[TILE_GROUP][ROW_BLOCK * W] __attribute__((aligned(64)));
    const int tiles = (n + MR - 1) / MR;
    for (int i = 0; i < m; i += ROW_BLOCK) {
        const int rows = m - i < ROW_BLOCK ? m - i : ROW_BLOCK;
        for (int j = 0; j < k; j += PANEL_GROUP * NR) {
            const int panel_count = k - j < PANEL_GROUP * NR ? (k - j + NR - 1) / NR : PANEL_GROUP;
            for (int r = 0; r < rows; r++) {
                const float *from = x + (size_t)(i + r) * ldx + j;
                for (int p = 0; p < panel_count; p++, from += NR) {
                    const int width = k - j - p * NR;
                    store(panels[p] + r * NR, load_upto(from, width));
                    store(panels[p] + r * NR + W, width > W ? load_upto(from + W, width - W) : splat(0));
                }
            }
            for (int b = 0; b < tiles; b += TILE_GROUP) {
                const int count = tiles - b < TILE_GROUP ? tiles - b : TILE_GROUP;
                for (int r = 0; r < rows; r++) {
                    const float *from = dy + (size_t)(i + r) * lddy;
                    for (int t = 0; t < count; t++) {
                        const size_t first = (size_t)n * (b + t) / tiles;
                        store(columns[t] + r * W, load_upto(from + first, n - first));
                    }
                }
                for (int t = 0; t < count; t++) {
                    const size_t first = (size_t)n * (b + t) / tiles, last = (size_t)n * (b + t + 1) / tiles;
                    for (int p = 0; p < panel_count; p++) {
                        const int at = j + p * NR, width = k - at < NR ? k - at : NR;
                        OUTER_(outer_rows)((int)(last - first), dw + first * lddw + at, lddw, columns[t], W, panels[p],
                                           rows, width);
                    }
                }
            }
        }
    }
}

#undef OUTER_CASE
#undef OUTER
#undef OUTER_
