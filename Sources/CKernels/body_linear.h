// Matrix products over prepacked panels.
//
// A panel holds NR outputs: panel[k][NR], zero beyond n. Every output element has one accumulator that takes its
// products in ascending k from zero, whatever tile it falls into: its bits do not depend on m or on its neighbours.
//
// A tile is `rows` rows by `panels` panels. Few rows take several panels, to keep enough sums in flight.

#define NR (2 * W)
#if AGON_WIDTH == 16
#define MR 14
#elif AGON_WIDTH == 8
#define MR 6
#else
#define MR 4
#endif

static size_t packed_count(int n, int k) { return ((size_t)n + NR - 1) / NR * NR * (size_t)k; }

static void pack(const float *w, int ldw, int n, int k, float *packed) {
    for (int j = 0; j < n; j += NR) {
        const int width = n - j < NR ? n - j : NR;
        for (int i = 0; i < k; i++, packed += NR) {
            for (int lane = 0; lane < width; lane++) packed[lane] = w[(size_t)(j + lane) * ldw + i];
            for (int lane = width; lane < NR; lane++) packed[lane] = 0;
        }
    }
}

static void pack_transposed(const float *w, int ldw, int n, int k, float *packed) {
    for (int j = 0; j < k; j += NR) {
        const int width = k - j < NR ? k - j : NR;
        for (int i = 0; i < n; i++, packed += NR) {
            for (int lane = 0; lane < width; lane++) packed[lane] = w[(size_t)i * ldw + j + lane];
            for (int lane = width; lane < NR; lane++) packed[lane] = 0;
        }
    }
}

// Adds what the element starts with: nothing, its bias, its old value, or both.
AGON_INLINE void finish(float *y, vf sum, const float *bias, int accumulate, size_t left) {
    if (bias) sum += load_upto(bias, left);
    if (accumulate) sum += load_upto(y, left);
    store_upto(y, sum, left);
}

// y[rows, n ≤ panels·NR] from x[rows, k] and adjacent panels. rows and panels are constants at every call.
AGON_INLINE void tile(const int rows, const int panels, float *y, size_t ldy, const float *x, size_t ldx,
                      const float *packed, int n, int k, const float *bias, int accumulate) {
    vf sums[MR][8];
    _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) {
        _Pragma("clang loop unroll(full)") for (int c = 0; c < 2 * panels; c++) sums[r][c] = splat(0);
    }
    for (int i = 0; i < k; i++) {
        vf w[8];
        _Pragma("clang loop unroll(full)") for (int c = 0; c < 2 * panels; c++) {
            w[c] = load(packed + ((size_t)(c / 2) * k + i) * NR + (c % 2) * W);
        }
        _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) {
            vf a = splat(x[r * ldx + i]);
            _Pragma("clang loop unroll(full)") for (int c = 0; c < 2 * panels; c++) sums[r][c] = FMA(a, w[c], sums[r][c]);
        }
    }
    _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) {
        _Pragma("clang loop unroll(full)") for (int c = 0; c < 2 * panels; c++) {
            const int left = n - c * W;
            if (left > 0) finish(y + r * ldy + c * W, sums[r][c], bias ? bias + c * W : bias, accumulate, left);
        }
    }
}

#define TILE_CASE(ROWS, PANELS) \
    case ROWS: tile(ROWS, PANELS, y, ldy, x, ldx, packed, n, k, bias, accumulate); break;

static void tile_one_panel(int rows, float *y, size_t ldy, const float *x, size_t ldx, const float *packed, int n,
                           int k, const float *bias, int accumulate) {
    switch (rows) {
        TILE_CASE(1, 1) TILE_CASE(2, 1) TILE_CASE(3, 1) TILE_CASE(4, 1)
#if MR > 4
        TILE_CASE(5, 1) TILE_CASE(6, 1)
#endif
#if MR > 6
        TILE_CASE(7, 1) TILE_CASE(8, 1) TILE_CASE(9, 1) TILE_CASE(10, 1)
        TILE_CASE(11, 1) TILE_CASE(12, 1) TILE_CASE(13, 1) TILE_CASE(14, 1)
#endif
    }
}

static void linear(float *y, int ldy, const float *x, int ldx, const float *packed, int m, int n, int k,
                   const float *bias, int accumulate) {
    const int tiles = (m + MR - 1) / MR;
    for (int j = 0; j < n; j += NR, packed += (size_t)NR * k) {
        const int width = n - j < NR ? n - j : NR;
        for (int b = 0; b < tiles; b++) {
            const size_t first = (size_t)m * b / tiles, last = (size_t)m * (b + 1) / tiles;
            tile_one_panel((int)(last - first), y + first * ldy + j, ldy, x + first * ldx, ldx, packed, width, k,
                           bias ? bias + j : bias, accumulate);
        }
    }
}

// dw[rows, width ≤ NR] += Σ over m rows of dy[·, rows] ⊗ panel[·, NR]; rows is a constant at every call.
AGON_INLINE void outer_tile(const int rows, float *dw, size_t lddw, const float *dy, size_t lddy, const float *panel,
                            int m, int width) {
    vf sums[MR][2];
    _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = splat(0);
    for (int i = 0; i < m; i++) {
        vf low = load(panel + (size_t)i * NR), high = load(panel + (size_t)i * NR + W);
        _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) {
            vf a = splat(dy[i * lddy + r]);
            sums[r][0] = FMA(a, low, sums[r][0]);
            sums[r][1] = FMA(a, high, sums[r][1]);
        }
    }
    _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++) {
        finish(dw + r * lddw, sums[r][0], 0, 1, width);
        if (width > W) finish(dw + r * lddw + W, sums[r][1], 0, 1, width - W);
    }
}

#define OUTER_CASE(ROWS) \
    case ROWS: outer_tile(ROWS, dw, lddw, dy, lddy, panel, m, width); break;

static void outer_rows(int rows, float *dw, size_t lddw, const float *dy, size_t lddy, const float *panel, int m,
                       int width) {
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

// Rows of x are taken in blocks of 256: a block's columns are copied into a panel that stays in the first-level
// cache. Each block's sum starts from zero and is added to dw, blocks ascending.
#define ROW_BLOCK 256

static void linear_dw(float *dw, int lddw, const float *dy, int lddy, const float *x, int ldx, int m, int n, int k) {
    float panel[ROW_BLOCK * NR] __attribute__((aligned(64)));
    const int tiles = (n + MR - 1) / MR;
    for (int i = 0; i < m; i += ROW_BLOCK) {
        const int rows = m - i < ROW_BLOCK ? m - i : ROW_BLOCK;
        for (int j = 0; j < k; j += NR) {
            const int width = k - j < NR ? k - j : NR;
            for (int r = 0; r < rows; r++) {
                const float *from = x + (size_t)(i + r) * ldx + j;
                store(panel + r * NR, load_upto(from, width));
                store(panel + r * NR + W, width > W ? load_upto(from + W, width - W) : splat(0));
            }
            for (int b = 0; b < tiles; b++) {
                const size_t first = (size_t)n * b / tiles, last = (size_t)n * (b + 1) / tiles;
                outer_rows((int)(last - first), dw + first * lddw + j, lddw, dy + (size_t)i * lddy + first, lddy,
                           panel, rows, width);
            }
        }
    }
}
