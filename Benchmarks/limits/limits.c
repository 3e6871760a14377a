#include "limits.h"

#define SUMS 12

// One body for each width; the vectors stay in registers.
#define DEFINE(NAME, WIDTH, TARGET)                                                        \
    typedef float NAME##_vector __attribute__((vector_size(4 * WIDTH), aligned(4)));        \
    TARGET static double NAME##_multiply_add(long rounds, float *sink) {                    \
        NAME##_vector sum[SUMS], factor, step;                                              \
        for (int i = 0; i < WIDTH; i++) factor[i] = 0.999f + *sink, step[i] = 0.001f;       \
        for (int s = 0; s < SUMS; s++) sum[s] = step * (float)s;                            \
        for (long round = 0; round < rounds; round++) {                                     \
            _Pragma("GCC unroll 16") for (int s = 0; s < SUMS; s++) sum[s] = sum[s] * factor + step; \
        }                                                                                   \
        for (int s = 0; s < SUMS; s++) *sink += sum[s][0];                                  \
        return (double)rounds * SUMS * WIDTH * 2;                                           \
    }                                                                                       \
    TARGET static float NAME##_read(const float *p, size_t count) {                         \
        NAME##_vector sum[8] = {{0}};                                                       \
        for (size_t i = 0; i + 8 * WIDTH <= count; i += 8 * WIDTH) {                        \
            _Pragma("GCC unroll 8") for (int s = 0; s < 8; s++) sum[s] += *(const NAME##_vector *)(p + i + s * WIDTH); \
        }                                                                                   \
        NAME##_vector all = sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7]; \
        return all[0] + all[WIDTH - 1];                                                     \
    }

#pragma clang fp contract(fast)
DEFINE(narrow, 4, )
#if defined(__x86_64__)
DEFINE(avx2, 8, __attribute__((target("avx2,fma"))))
DEFINE(avx512, 16, __attribute__((target("avx512f"))))
#define PICK(FUNCTION, ...)                                                                        \
    if (lanes >= 16 && __builtin_cpu_supports("avx512f")) return avx512_##FUNCTION(__VA_ARGS__);    \
    if (lanes >= 8 && __builtin_cpu_supports("avx2")) return avx2_##FUNCTION(__VA_ARGS__);
#else
#define PICK(FUNCTION, ...)
#endif

double agon_multiply_add(int lanes, long rounds, float *sink) {
    PICK(multiply_add, rounds, sink)
    return narrow_multiply_add(rounds, sink);
}

float agon_read(const float *p, size_t count) {
    const int lanes = 16;
    PICK(read, p, count)
    return narrow_read(p, count);
}
