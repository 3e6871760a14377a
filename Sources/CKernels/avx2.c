// Eight lanes, AVX2 and FMA.

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define AGON_WIDTH 8
#define AGON_NAME "avx2"
#define AGON_TABLE agon_kernels_avx2
#include "kernels_body.h"
#pragma clang attribute pop

#endif
