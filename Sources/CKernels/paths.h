// The table of each path; the x86 ones exist only in x86 builds.

#ifndef AGON_PATHS_H
#define AGON_PATHS_H

#include "CKernels.h"

extern const agon_kernels agon_kernels_portable;
#if defined(__x86_64__)
extern const agon_kernels agon_kernels_avx2;
extern const agon_kernels agon_kernels_avx512;
extern const agon_kernels agon_kernels_avx512_bf16;
#endif

#endif
