// Products of bfloat16 with sums in float32.
//
// Two neighbouring values share a word, the earlier one in its low half: two inputs of one row for `linear`, two rows
// of one column for the gradient of the weights. A missing partner is zero. A step takes both products of a word.

// The 16 high bits of x rounded to the nearest, ties to even, in the low half of each lane. A NaN stays one.
AGON_INLINE vi bfloat16(vf x) {
    vi bits = (vi)x;
    vi rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    return ((x == x) & rounded) | (~(x == x) & 0x7FC0);
}

AGON_INLINE vf pair(vf low, vf high) { return (vf)((bfloat16(low) & 0xFFFF) | (bfloat16(high) << 16)); }

#ifdef AGON_BFLOAT16_DOT
#define STEP(SUM, A, WEIGHTS) \
    (vf)_mm512_dpbf16_ps((__m512)(SUM), (__m512bh)(A), (__m512bh)(WEIGHTS))
#else
AGON_INLINE vf low_half(vf word) { return (vf)((vi)word << 16); }
AGON_INLINE vf high_half(vf word) { return (vf)((vi)word & (int32_t)0xFFFF0000); }
#define STEP(SUM, A, WEIGHTS) \
    FMA(high_half(A), high_half(WEIGHTS), FMA(low_half(A), low_half(WEIGHTS), SUM))
#endif

static size_t packed_count_bfloat16(int n, int k) { return packed_count(n, (k + 1) / 2); }

static void pack_bfloat16(const float *w, int ldw, int n, int k, float *packed) {
    for (int j = 0; j < n; j += NR, packed += (size_t)NR * ((k + 1) / 2)) {
        for (int half = 0; half < NR; half += W) {
            const int width = n - j - half;
            for (int i = 0; i < k; i += W) {
                vf v[W];
                UNROLL for (int r = 0; r < W; r++) {
                    v[r] = r < width ? load_upto(w + (size_t)(j + half + r) * ldw + i, k - i) : splat(0);
                }
                transpose(v);
                UNROLL for (int r = 0; r < W; r += 2) {
                    if (i + r < k) store(packed + (size_t)(i + r) / 2 * NR + half, pair(v[r], v[r + 1]));
                }
            }
        }
    }
}

static void pack_transposed_bfloat16(const float *w, int ldw, int n, int k, float *packed) {
    for (int j = 0; j < k; j += NR) {
        for (int i = 0; i < n; i += 2, packed += NR) {
            UNROLL for (int half = 0; half < NR; half += W) {
                const float *from = w + (size_t)i * ldw + j + half;
                const int width = k - j - half;
                vf low = width > 0 ? load_upto(from, width) : splat(0);
                vf high = width > 0 && i + 1 < n ? load_upto(from + ldw, width) : splat(0);
                store(packed + half, pair(low, high));
            }
        }
    }
}

AGON_INLINE vh narrowed(vf x) {
#ifdef AGON_BFLOAT16_DOT
    return (vh)_mm512_cvtneps_pbh((__m512)x);
#else
    return __builtin_convertvector(bfloat16(x), vh);
#endif
}

static void to_bfloat16(float *y, int ldy, const float *x, int ldx, int m, int k) {
    for (int row = 0; row < m; row++) {
        const float *from = x + (size_t)row * ldx;
        uint16_t *to = (uint16_t *)(y + (size_t)row * ldy);
        for (int i = 0; i < k; i += W) {
            vh narrow = narrowed(load_upto(from + i, k - i));
            __builtin_memcpy(to + i, &narrow, sizeof(uint16_t) * (k - i < W ? k - i : W));
        }
        if (k % 2) to[k] = 0;
    }
}

static void to_bfloat16_rows(float *y, const float *x, int ldx, int m, int k) {
    for (int row = 0; row < m; row += 2, y += k) {
        const float *from = x + (size_t)row * ldx;
        for (int i = 0; i < k; i += W) {
            vf low = load_upto(from + i, k - i);
            store_upto(y + i, pair(low, row + 1 < m ? load_upto(from + ldx + i, k - i) : splat(0)), k - i);
        }
    }
}

#define STEP_COUNT(K) (((K) + 1) / 2)
#define TILE_(NAME) bfloat16_##NAME
#include "body_tile.h"

#define PRODUCT linear_bfloat16
#define PRODUCT_(NAME) linear_bfloat16_##NAME
#define PRODUCT_TILE bfloat16_tile
#define PRODUCT_ROWS MR
#define PANEL_COUNT(K) ((size_t)(((K) + 1) / 2) * NR)
#include "body_product.h"

#define OUTER outer_bfloat16
#define OUTER_(NAME) bfloat16_##NAME
#include "body_outer.h"
#undef STEP

static void linear_dw_bfloat16(float *dw, int lddw, const float *dy, int lddy, const float *x, int ldx, int m, int n,
                               int k) {
    outer_bfloat16(dw, lddw, dy, lddy, x, ldx, (m + 1) / 2, n, k);
}
