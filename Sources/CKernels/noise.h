// Scalar arithmetic that every path shares, so that its results are the same bits everywhere.

#ifndef AGON_NOISE_H
#define AGON_NOISE_H

#include <stdint.h>

#define AGON_GOLDEN_GAMMA 0x9E3779B97F4A7C15ull

// The output function of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits.
static inline uint64_t agon_mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

// The natural logarithm of a finite x > 0 that is not subnormal, to about 1 ulp.
double agon_log(double x);
// The Gumbel noise −log(−log u) of a 64-bit hash: u = (top 53 bits + ½) · 2⁻⁵³, inside (0, 1).
double agon_gumbel(uint64_t hash);

#endif
