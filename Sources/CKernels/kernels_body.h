// All kernels of one path. The including file sets AGON_WIDTH, the target, AGON_NAME and AGON_TABLE.

#include "CKernels.h"
#include "noise.h"
#include "paths.h"
#include "vectors.h"

#include "body_linear.h"
#include "body_bfloat16.h"
#include "body_int8.h"
#include "body_rows.h"
#include "body_attention.h"
#include "body_attention_backward.h"
#include "body_attention_cached.h"
#include "body_elementwise.h"
#include "body_gumbel.h"
#include "body_adapters.h"

const agon_kernels AGON_TABLE = {
    .name = AGON_NAME,
    .panel = NR,
    .packed_count = packed_count,
    .pack = pack,
    .pack_transposed = pack_transposed,
    .linear = linear,
    .linear_dw = linear_dw,
    .to_bfloat16 = to_bfloat16,
    .to_bfloat16_rows = to_bfloat16_rows,
    .packed_count_bfloat16 = packed_count_bfloat16,
    .pack_bfloat16 = pack_bfloat16,
    .pack_transposed_bfloat16 = pack_transposed_bfloat16,
    .linear_bfloat16 = linear_bfloat16,
    .linear_dw_bfloat16 = linear_dw_bfloat16,
    .quantised_count = quantised_count,
    .quantise = quantise,
    .packed_count_int8 = packed_count_int8,
    .pack_int8 = pack_int8,
    .linear_int8 = linear_int8,
    .rmsnorm = rmsnorm,
    .rmsnorm_backward = rmsnorm_backward,
    .rope = rope,
    .attention = attention,
    .attention_backward = attention_backward,
    .cached_keys_count = cached_keys_count,
    .cache_keys = cache_keys,
    .attention_cached = attention_cached,
    .silu_multiply = silu_multiply,
    .silu_multiply_backward = silu_multiply_backward,
    .log_sum_exp = log_sum_exp,
    .entropy = entropy,
    .log_prob_backward = log_prob_backward,
    .adamw = adamw,
    .sum_squares = sum_squares,
    .axpy = axpy,
    .gumbel_argmax = gumbel_argmax,
    .scale_columns = scale_columns,
    .column_dots = column_dots,
    .dropout = dropout,
};
