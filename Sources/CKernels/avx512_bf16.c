// Sixteen lanes, AVX-512 with the dot products of bfloat16 pairs and of int8 quads.

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx512vnni,fma"))), apply_to = function)
#define AGON_WIDTH 16
#define AGON_NAME "avx512_bf16"
#define AGON_TABLE agon_kernels_avx512_bf16
#define AGON_BFLOAT16_DOT
#define AGON_INT8_DOT
#include "kernels_body.h"
#pragma clang attribute pop

#endif
