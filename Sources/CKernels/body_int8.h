// Products of int8 with a float32 scale for each block of 64 inputs.
//
// A block's values are q · scale with q = round(value / scale) in −127 … 127 and scale = max |value| / 127: of the
// weights when they are packed, of a row just before its product. Sums within a block are integers, so they are exact
// and every path has the same; blocks are then added in ascending order, sum += (Σ q·q) · (scale · scale).
//
// Four neighbouring inputs share a word. Weights are kept as q + 128, unsigned, for the instruction that multiplies
// unsigned by signed bytes; a row's `start`, −128 · Σ q of its block, takes the offset back.

#define BLOCK 64
#define BLOCK_COUNT(K) (((K) + BLOCK - 1) / BLOCK)
#define QUAD_COUNT(K) (((K) + 3) / 4)

#if AGON_WIDTH == 16
#define INT8_ROWS 7
#else
#define INT8_ROWS 4
#endif

// Adds to each lane the four products of its bytes: unsigned weights, signed input.
AGON_INLINE vi dot4(vi sum, vi weights, vi x) {
#if defined(AGON_INT8_DOT)
    return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)weights, (__m512i)x);
#elif AGON_WIDTH == 16
    __m512i w = (__m512i)weights, v = (__m512i)x;
    __m512i even = _mm512_madd_epi16(_mm512_and_si512(w, _mm512_set1_epi16(255)),
                                     _mm512_srai_epi16(_mm512_slli_epi16(v, 8), 8));
    return sum + (vi)even + (vi)_mm512_madd_epi16(_mm512_srli_epi16(w, 8), _mm512_srai_epi16(v, 8));
#elif AGON_WIDTH == 8
    __m256i w = (__m256i)weights, v = (__m256i)x;
    __m256i even = _mm256_madd_epi16(_mm256_and_si256(w, _mm256_set1_epi16(255)),
                                     _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8));
    return sum + (vi)even + (vi)_mm256_madd_epi16(_mm256_srli_epi16(w, 8), _mm256_srai_epi16(v, 8));
#else
    UNROLL for (int byte = 0; byte < 32; byte += 8) {
        sum += ((weights >> byte) & 255) * (x << (24 - byte) >> 24);
    }
    return sum;
#endif
}

// Quantises up to 64 values; the bytes beyond `count` are zero. Returns the scale, which is not finite where a value
// is not: the greatest magnitude is found among the bits, where a NaN exceeds all.
AGON_INLINE float quantise_block(int8_t *q, const float *x, int count) {
    vi top = (vi)splat(0);
    for (int i = 0; i < count; i += W) {
        top = __builtin_elementwise_max(top, (vi)load_upto(x + i, count - i) & 0x7FFFFFFF);
    }
    const float greatest = (splat(0) + (vf)(vi)(__builtin_reduce_max(top)))[0];
    const float inverse = greatest > 0 ? 127.0f / greatest : 0, shift = 12582912.0f;
    for (int i = 0; i < BLOCK; i += W) {
        vf v = i < count ? load_upto(x + i, count - i) : splat(0);
        vb bytes = __builtin_convertvector((vi)(v * inverse + shift) - (vi)splat(shift), vb);
        __builtin_memcpy(q + i, &bytes, sizeof bytes);
    }
    return greatest / 127.0f;
}

static size_t quantised_count(int k) { return 2 * (size_t)BLOCK_COUNT(k) + QUAD_COUNT(k); }

// A row becomes (scale, start) of each block, then its quads.
static void quantise(float *y, const float *x, int ldx, int m, int k) {
    for (int row = 0; row < m; row++, y += quantised_count(k)) {
        const float *from = x + (size_t)row * ldx;
        float *quads = y + 2 * BLOCK_COUNT(k);
        for (int b = 0; b < BLOCK_COUNT(k); b++) {
            const int left = k - b * BLOCK, count = left < BLOCK ? left : BLOCK;
            int8_t q[BLOCK];
            int32_t start = 0;
            y[2 * b] = quantise_block(q, from + b * BLOCK, count);
            for (int i = 0; i < BLOCK; i++) start -= 128 * q[i];
            __builtin_memcpy(y + 2 * b + 1, &start, sizeof start);
            __builtin_memcpy(quads + b * BLOCK / 4, q, sizeof(float) * QUAD_COUNT(count));
        }
    }
}

// A panel: for each block the NR scales, then its quads of NR words.
#define INT8_PANEL_COUNT(K) ((size_t)NR * (BLOCK_COUNT(K) + QUAD_COUNT(K)))

static size_t packed_count_int8(int n, int k) { return ((size_t)n + NR - 1) / NR * INT8_PANEL_COUNT(k); }

static void pack_int8(const float *w, int ldw, int n, int k, float *packed) {
    for (int j = 0; j < n; j += NR) {
        for (int i = 0; i < k; i += BLOCK) {
            const int count = k - i < BLOCK ? k - i : BLOCK, quads = QUAD_COUNT(count);
            for (int r = 0; r < NR; r++) {
                int8_t q[BLOCK] = {0};
                packed[r] = j + r < n ? quantise_block(q, w + (size_t)(j + r) * ldw + i, count) : 0;
                for (int b = 0; b < BLOCK; b++) q[b] ^= -128;
                for (int quad = 0; quad < quads; quad++) {
                    __builtin_memcpy(packed + (size_t)(quad + 1) * NR + r, q + 4 * quad, sizeof(float));
                }
            }
            packed += (size_t)NR * (quads + 1);
        }
    }
}

AGON_INLINE int32_t word(const float *p) {
    int32_t bits;
    __builtin_memcpy(&bits, p, sizeof bits);
    return bits;
}

AGON_INLINE void int8_tile(const int rows, const int panels, float *y, size_t ldy, const float *x, size_t ldx,
                           const float *packed, const float *ahead, int n, int k, const float *bias, int accumulate) {
    const float *quads = x + 2 * BLOCK_COUNT(k);
    const size_t panel_count = INT8_PANEL_COUNT(k);
    vf sums[INT8_ROWS][8];
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int c = 0; c < 2 * panels; c++) sums[r][c] = splat(0);
    }
    for (int b = 0; b < BLOCK_COUNT(k); b++) {
        const int left = k - b * BLOCK, count = left < BLOCK ? QUAD_COUNT(left) : BLOCK / 4;
        const float *scales = packed;
        vi dots[INT8_ROWS][8];
        UNROLL for (int r = 0; r < rows; r++) {
            const vi start = (vi)(word(x + r * ldx + 2 * b + 1));
            UNROLL for (int c = 0; c < 2 * panels; c++) dots[r][c] = start;
        }
        packed += NR;
        ahead += NR;
        for (int i = 0; i < count; i++, packed += NR, ahead += NR) {
            vi w[8];
            UNROLL for (int c = 0; c < 2 * panels; c++) w[c] = (vi)load(packed + (c / 2) * panel_count + (c % 2) * W);
            fetch_ahead(ahead);
            UNROLL for (int r = 0; r < rows; r++) {
                const vi a = (vi)(word(quads + r * ldx + b * (BLOCK / 4) + i));
                UNROLL for (int c = 0; c < 2 * panels; c++) dots[r][c] = dot4(dots[r][c], w[c], a);
            }
        }
        UNROLL for (int c = 0; c < 2 * panels; c++) {
            const vf scale = load(scales + (c / 2) * panel_count + (c % 2) * W);
            UNROLL for (int r = 0; r < rows; r++) {
                const vf factor = scale * x[r * ldx + 2 * b];
                sums[r][c] = FMA(__builtin_convertvector(dots[r][c], vf), factor, sums[r][c]);
            }
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int c = 0; c < 2 * panels; c++) {
            const int left = n - c * W;
            if (left > 0) finish(y + r * ldy + c * W, sums[r][c], bias ? bias + c * W : bias, accumulate, left);
        }
    }
}

#define PRODUCT linear_int8
#define PRODUCT_(NAME) linear_int8_##NAME
#define PRODUCT_TILE int8_tile
#define PRODUCT_ROWS INT8_ROWS
#define PANEL_COUNT INT8_PANEL_COUNT
#include "body_product.h"
