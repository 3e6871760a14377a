#include "noise.h"

// No fused multiply-add here, on any architecture: sampled tokens must not depend on the processor.
#pragma STDC FP_CONTRACT OFF

// x = 2ᵉ·f with f in [√½, √2); log f = 2·atanh(s), s = (f−1)/(f+1), |s| < 0.172, by its odd series up to s²³.
double agon_log(double x) {
    uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    // Subtracting the exponent of √½ first makes the mantissa wrap at √2 instead of at 2.
    uint64_t offset = bits - 0x3FE6A09E667F3BCDull;
    int64_t exponent = (int64_t)offset >> 52;
    bits -= (uint64_t)exponent << 52;
    double f;
    __builtin_memcpy(&f, &bits, sizeof f);
    double s = (f - 1) / (f + 1), z = s * s;
    double series = 1.0 / 23;
    for (int odd = 21; odd >= 3; odd -= 2) series = series * z + 1.0 / odd;
    // ln 2 in two parts: the first has 21 trailing zero bits, so its product with the exponent is exact.
    double low = (double)exponent * 1.90821492927058770002e-10;
    double tail = 2 * s * z * series + low;
    return (double)exponent * 6.93147180369123816490e-01 + (2 * s + tail);
}

double agon_gumbel(uint64_t hash) {
    uint64_t top = hash >> 11;
    double u = ((double)top + 0.5) * 0x1p-53;
    // Near 1 the sum above rounds; −log u ≈ 1 − u is then taken from the complement, which is exact.
    double complement = ((double)(0x1FFFFFFFFFFFFFull - top) + 0.5) * 0x1p-53;
    double negative = complement < 0x1p-30 ? complement + 0.5 * complement * complement : -agon_log(u);
    return -agon_log(negative);
}
