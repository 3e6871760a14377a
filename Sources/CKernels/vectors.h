// One vector vocabulary for the three paths: AGON_WIDTH lanes of float, 4, 8 or 16.
//
// The including file sets AGON_WIDTH and the target attribute. Multiply-add is fused on every path that
// has the instruction and on no other, so a remainder rounds exactly as the main loop does.

#ifndef AGON_VECTORS_H
#define AGON_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#pragma STDC FP_CONTRACT OFF

#define AGON_INLINE static inline __attribute__((always_inline))

// Before a loop with a constant trip count over registers: it must not stay a loop.
#define UNROLL _Pragma("clang loop unroll(full)")

#define W AGON_WIDTH
typedef float vf __attribute__((ext_vector_type(AGON_WIDTH)));
typedef int32_t vi __attribute__((ext_vector_type(AGON_WIDTH)));
typedef uint64_t vu64 __attribute__((ext_vector_type(AGON_WIDTH)));
typedef uint16_t vh __attribute__((ext_vector_type(AGON_WIDTH)));
typedef int8_t vb __attribute__((ext_vector_type(AGON_WIDTH)));
typedef double vd __attribute__((ext_vector_type(AGON_WIDTH)));

#if AGON_WIDTH > 4 || defined(__ARM_FEATURE_FMA)
#define FMA(a, b, c) __builtin_elementwise_fma((a), (b), (c))
#else
#define FMA(a, b, c) ((a) * (b) + (c))
#endif

AGON_INLINE vf splat(float x) { return (vf)(x); }

AGON_INLINE vf load(const float *p) {
    vf v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

AGON_INLINE void store(float *p, vf v) { __builtin_memcpy(p, &v, sizeof v); }

#if AGON_WIDTH == 16
AGON_INLINE vi lanes(void) { return (vi){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }
#elif AGON_WIDTH == 8
AGON_INLINE vi lanes(void) { return (vi){0, 1, 2, 3, 4, 5, 6, 7}; }
#else
AGON_INLINE vi lanes(void) { return (vi){0, 1, 2, 3}; }
#endif

// The first n lanes (0 < n < W) come from memory, the others are zero; memory past them is not touched.
AGON_INLINE vf load_first(const float *p, int n) {
#if AGON_WIDTH == 16
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif AGON_WIDTH == 8
    return (vf)_mm256_maskload_ps(p, (__m256i)(lanes() < n));
#else
    vf v = splat(0);
    v[0] = p[0];
    if (n > 1) v[1] = p[1];
    if (n > 2) v[2] = p[2];
    return v;
#endif
}

AGON_INLINE void store_first(float *p, vf v, int n) {
#if AGON_WIDTH == 16
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif AGON_WIDTH == 8
    _mm256_maskstore_ps(p, (__m256i)(lanes() < n), (__m256)v);
#else
    p[0] = v[0];
    if (n > 1) p[1] = v[1];
    if (n > 2) p[2] = v[2];
#endif
}

// A whole vector, or what is left of one: n lanes, n ≥ 1.
AGON_INLINE vf load_upto(const float *p, size_t n) { return n >= W ? load(p) : load_first(p, (int)n); }

AGON_INLINE void store_upto(float *p, vf v, size_t n) {
    if (n >= W) store(p, v); else store_first(p, v, (int)n);
}

// a where the mask is set, else b.
AGON_INLINE vf choose(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }

// The first n lanes of v; the others become `rest`.
AGON_INLINE vf keep_first(vf v, size_t n, float rest) {
    return n >= W ? v : choose(lanes() < (int)n, v, splat(rest));
}

AGON_INLINE vf greater_of(vf a, vf b) { return choose(a > b, a, b); }

// Sums and maxima fold halves onto each other: one fixed tree per width.
AGON_INLINE float sum_lanes(vf v) {
#if AGON_WIDTH == 16
    __typeof__(v.lo) a = v.lo + v.hi;
    __typeof__(a.lo) b = a.lo + a.hi;
#elif AGON_WIDTH == 8
    __typeof__(v.lo) b = v.lo + v.hi;
#else
    vf b = v;
#endif
    __typeof__(b.lo) c = b.lo + b.hi;
    return c.x + c.y;
}

AGON_INLINE float greatest_lane(vf v) {
#if AGON_WIDTH == 16
    __typeof__(v.lo) a = __builtin_elementwise_max(v.lo, v.hi);
    __typeof__(a.lo) b = __builtin_elementwise_max(a.lo, a.hi);
#elif AGON_WIDTH == 8
    __typeof__(v.lo) b = __builtin_elementwise_max(v.lo, v.hi);
#else
    vf b = v;
#endif
    __typeof__(b.lo) c = __builtin_elementwise_max(b.lo, b.hi);
    return c.x > c.y ? c.x : c.y;
}

// eˣ by x = n·ln 2 + r, |r| ≤ ln 2 / 2, and the Taylor polynomial of degree 7 (truncation below 0.1 ulp).
// Above 88.73 it is infinite, below −103.98 zero; a NaN stays a NaN. 2ⁿ is applied in two factors, so that the
// largest and the subnormal results are right as well.
AGON_INLINE vf exponential(vf x) {
    const float shift = 12582912.0f;  // 1.5 · 2²³: adding it leaves the nearest integer in the low bits
    x = choose(x < -104.0f, splat(-104.0f), x);
    x = choose(x > 89.0f, splat(89.0f), x);
    vf shifted = FMA(x, splat(1.44269504088896341f), splat(shift));
    vf n = shifted - shift;
    vi power = (vi)shifted - (vi)splat(shift);
    vf r = FMA(n, splat(-0.693359375f), x);
    r = FMA(n, splat(2.12194440054690583e-4f), r);
    vf p = splat(1.0f / 5040);
    p = FMA(p, r, splat(1.0f / 720));
    p = FMA(p, r, splat(1.0f / 120));
    p = FMA(p, r, splat(1.0f / 24));
    p = FMA(p, r, splat(1.0f / 6));
    p = FMA(p, r, splat(0.5f));
    p = FMA(p * r, r, r) + 1.0f;
    vi half = power >> 1;
    vf first = (vf)((half + 127) << 23), second = (vf)((power - half + 127) << 23);
    return p * first * second;
}

// log x of a normal x > 0: x = 2ᵉ·f with f in [√½, √2), log f = 2·atanh(s), s = (f−1)/(f+1), |s| < 0.172.
AGON_INLINE vf logarithm(vf x) {
    vi exponent = ((vi)x - 0x3F3504F3) >> 23;  // less the bits of √½: the mantissa wraps at √2
    vf f = (vf)((vi)x - (exponent << 23)), e = __builtin_convertvector(exponent, vf);
    vf s = (f - 1.0f) / (f + 1.0f), z = s * s;
    vf series = FMA(splat(1.0f / 9), z, splat(1.0f / 7));
    series = FMA(series, z, splat(1.0f / 5));
    series = FMA(series, z, splat(1.0f / 3));
    vf tail = FMA(s * 2.0f * z, series, e * -2.12194440054690583e-4f);
    return FMA(e, splat(0.693359375f), s * 2.0f + tail);
}

// The W × W matrix v becomes its transpose: blocks of half the size change places, then inside each block.
#if AGON_WIDTH == 16
#define LOW_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define HIGH_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define LOW_4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define HIGH_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define LOW_2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define LOW_1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define HIGH_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#elif AGON_WIDTH == 8
#define LOW_4 0, 1, 2, 3, 8, 9, 10, 11
#define HIGH_4 4, 5, 6, 7, 12, 13, 14, 15
#define LOW_2 0, 1, 8, 9, 4, 5, 12, 13
#define HIGH_2 2, 3, 10, 11, 6, 7, 14, 15
#define LOW_1 0, 8, 2, 10, 4, 12, 6, 14
#define HIGH_1 1, 9, 3, 11, 5, 13, 7, 15
#else
#define LOW_2 0, 1, 4, 5
#define HIGH_2 2, 3, 6, 7
#define LOW_1 0, 4, 2, 6
#define HIGH_1 1, 5, 3, 7
#endif

#define EXCHANGE(SIZE) \
    UNROLL for (int i = 0; i < W; i++) { \
        if (i & SIZE) continue; \
        vf low = __builtin_shufflevector(v[i], v[i + SIZE], LOW_##SIZE); \
        v[i + SIZE] = __builtin_shufflevector(v[i], v[i + SIZE], HIGH_##SIZE); \
        v[i] = low; \
    }

AGON_INLINE void transpose(vf *v) {
#if AGON_WIDTH == 16
    EXCHANGE(8)
#endif
#if AGON_WIDTH >= 8
    EXCHANGE(4)
#endif
    EXCHANGE(2)
    EXCHANGE(1)
}

#endif
