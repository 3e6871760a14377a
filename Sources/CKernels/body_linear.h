// Matrix products over prepacked panels.
//
// A panel holds NR outputs: panel[k][NR], zero beyond n. Every output element has one accumulator that takes its
// products in ascending k from zero, whatever tile it falls into: its bits do not depend on m or on its neighbours.

#define NR (2 * W)
#if AGON_WIDTH == 16
#define MR 14
#elif AGON_WIDTH == 8
#define MR 6
#else
#define MR 4
#endif

// Words, panels and tiles that a gradient of weights keeps in the second-level cache.
#define ROW_BLOCK 256
#define PANEL_GROUP 9
#define TILE_GROUP 4

static size_t packed_count(int n, int k) { return ((size_t)n + NR - 1) / NR * NR * (size_t)k; }

static void pack(const float *w, int ldw, int n, int k, float *packed) {
    for (int j = 0; j < n; j += NR, packed += (size_t)NR * k) {
        for (int half = 0; half < NR; half += W) {
            const int width = n - j - half;
            for (int i = 0; i < k; i += W) {
                vf v[W];
                UNROLL for (int r = 0; r < W; r++) {
                    v[r] = r < width ? load_upto(w + (size_t)(j + half + r) * ldw + i, k - i) : splat(0);
                }
                transpose(v);
                UNROLL for (int r = 0; r < W; r++) {
                    if (i + r < k) store(packed + (size_t)(i + r) * NR + half, v[r]);
                }
            }
        }
    }
}

static void pack_transposed(const float *w, int ldw, int n, int k, float *packed) {
    for (int j = 0; j < k; j += NR) {
        const int width = k - j;
        for (int i = 0; i < n; i++, packed += NR) {
            const float *from = w + (size_t)i * ldw + j;
            store(packed, load_upto(from, width));
            store(packed + W, width > W ? load_upto(from + W, width - W) : splat(0));
        }
    }
}

// Brings the NR floats (or as many bytes) at p into the second-level cache.
AGON_INLINE void fetch_ahead(const void *p) {
    UNROLL for (size_t at = 0; at < NR * sizeof(float); at += 64) __builtin_prefetch((const char *)p + at, 0, 2);
}

// Adds what the element starts with: nothing, its bias, its old value, or both.
AGON_INLINE void finish(float *y, vf sum, const float *bias, int accumulate, size_t left) {
    if (bias) sum += load_upto(bias, left);
    if (accumulate) sum += load_upto(y, left);
    store_upto(y, sum, left);
}

// Floats: one step is one input, a multiply-add.
#define STEP(SUM, A, WEIGHTS) FMA(A, WEIGHTS, SUM)
#define STEP_COUNT(K) (K)
#define TILE_(NAME) NAME
#include "body_tile.h"

#define PRODUCT linear
#define PRODUCT_(NAME) linear_##NAME
#define PRODUCT_TILE tile
#define PRODUCT_ROWS MR
#define PANEL_COUNT(K) ((size_t)(K) * NR)
#include "body_product.h"

#define OUTER linear_dw
#define OUTER_(NAME) NAME
#include "body_outer.h"
#undef STEP
