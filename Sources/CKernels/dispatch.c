#include "paths.h"

agon_path agon_path_best(void) {
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
    if (path == AGON_PATH_AVX512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
        return &agon_kernels_avx512;
    }
#endif
    return 0;
}
