// What one thread of this machine can do at most, measured: the ceilings that shares are quoted of.

#ifndef LIMITS_H
#define LIMITS_H

#include <stddef.h>

// Runs `rounds` rounds of independent fused multiply-adds in registers, in the widest vectors that the processor has.
// Returns the floating-point operations done, a multiply-add counting two; `sink` keeps the compiler honest.
double agon_multiply_add(int lanes, long rounds, float *sink);

// Reads count floats in order and returns their sum in eight lanes' worth of accumulators.
float agon_read(const float *p, size_t count);

#endif
