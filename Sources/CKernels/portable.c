// Four lanes: what every 64-bit processor has (SSE2, NEON).

#define AGON_WIDTH 4
#define AGON_NAME "portable"
#define AGON_TABLE agon_kernels_portable
#include "kernels_body.h"
