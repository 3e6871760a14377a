#include "paths.h"

agon_path agon_path_best(void) {
    if (agon_kernels_for(AGON_PATH_AVX512_BF16)) return AGON_PATH_AVX512_BF16;
    if (agon_kernels_for(AGON_PATH_AVX512)) return AGON_PATH_AVX512;
    if (agon_kernels_for(AGON_PATH_AVX2)) return AGON_PATH_AVX2;
    return AGON_PATH_PORTABLE;
}

const agon_kernels *agon_kernels_for(agon_path path) {
    if (path == AGON_PATH_PORTABLE) return &agon_kernels_portable;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (path == AGON_PATH_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return &agon_kernels_avx2;
    }
    const int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (path == AGON_PATH_AVX512 && wide) return &agon_kernels_avx512;
    if (path == AGON_PATH_AVX512_BF16 && wide && __builtin_cpu_supports("avx512bf16") &&
        __builtin_cpu_supports("avx512vnni")) {
        return &agon_kernels_avx512_bf16;
    }
#endif
    return 0;
}
