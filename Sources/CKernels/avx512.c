// Sixteen lanes, AVX-512 F, DQ, BW and VL.

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,fma"))), apply_to = function)
#define AGON_WIDTH 16
#define AGON_NAME "avx512"
#define AGON_TABLE agon_kernels_avx512
#include "kernels_body.h"
#pragma clang attribute pop

#endif
