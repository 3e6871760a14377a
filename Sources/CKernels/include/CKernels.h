// The float loops of the engine: one table of kernels per instruction set.
//
// Every kernel sums each output element in an order that depends on that element's own row only,
// never on how many rows are computed together: a row has the same bits alone and in a batch of 64.
// The paths agree to rounding, not to the bit; results are replayable on one path.
//
// All pointers are to float32, row-major, unaligned unless said otherwise. Sizes are element counts.
// `ld…` is the distance between two rows. Nothing here allocates, locks or keeps state.

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "AgonTeam.h"

typedef enum {
    AGON_PATH_PORTABLE = 0,
    AGON_PATH_AVX2 = 1,    // AVX2 + FMA
    AGON_PATH_AVX512 = 2,  // AVX-512 F, DQ, BW, VL
    AGON_PATH_AVX512_BF16 = 3,  // those and BF16, VNNI: its float32 results have the bits of AVX512
} agon_path;

typedef struct agon_kernels {
    const char *name;  // "portable", "avx2", "avx512", "avx512_bf16"

    // Outputs of a panel: packed weights can be cut at its multiples, packed_count(j, k) floats from their beginning.
    int panel;
    // Floats that `pack` writes for a weight matrix w[n,k] (n outputs, k inputs).
    size_t (*packed_count)(int n, int k);
    // Reorders w[n,k] into the panels that `linear` reads.
    void (*pack)(const float *w, int ldw, int n, int k, float *packed);
    // Reorders the transpose of w[n,k], so that `linear` computes y[m,k] = x[m,n]·w: packed_count(k, n) floats.
    void (*pack_transposed)(const float *w, int ldw, int n, int k, float *packed);
    // y[m,n] = x[m,k]·wᵀ (+ bias[n] unless null); adds to y instead when accumulate ≠ 0.
    void (*linear)(float *y, int ldy, const float *x, int ldx, const float *packed, int m, int n, int k,
                   const float *bias, int accumulate);
    // Gradient of the weights: dw[n,k] += dy[m,n]ᵀ·x[m,k]. Rows are summed in ascending order of m.
    void (*linear_dw)(float *dw, int lddw, const float *dy, int lddy, const float *x, int ldx, int m, int n, int k);

    // The same with operands rounded to bfloat16 and sums in float32. Two neighbouring values share a word of four
    // bytes, typed as float; counts and strides are in words. x becomes y[m, (k+1)/2].
    void (*to_bfloat16)(float *y, int ldy, const float *x, int ldx, int m, int k);
    // Two neighbouring rows share a word: y[(m+1)/2, k], dense; for `linear_dw_bfloat16`.
    void (*to_bfloat16_rows)(float *y, const float *x, int ldx, int m, int k);
    size_t (*packed_count_bfloat16)(int n, int k);
    void (*pack_bfloat16)(const float *w, int ldw, int n, int k, float *packed);
    void (*pack_transposed_bfloat16)(const float *w, int ldw, int n, int k, float *packed);
    // x from `to_bfloat16`; ldx in words.
    void (*linear_bfloat16)(float *y, int ldy, const float *x, int ldx, const float *packed, int m, int n, int k,
                            const float *bias, int accumulate);
    // dy[m,n] and x[m,k] from `to_bfloat16_rows`; m counts the rows, not the pairs.
    void (*linear_dw_bfloat16)(float *dw, int lddw, const float *dy, int lddy, const float *x, int ldx, int m, int n,
                               int k);

    // The same with int8 operands, which have a scale for each block of 64 inputs, and exact integer sums within a
    // block. `quantise` makes x[m,k] into rows of quantised_count(k) words, typed as float.
    size_t (*quantised_count)(int k);
    void (*quantise)(float *y, const float *x, int ldx, int m, int k);
    size_t (*packed_count_int8)(int n, int k);
    void (*pack_int8)(const float *w, int ldw, int n, int k, float *packed);
    void (*linear_int8)(float *y, int ldy, const float *x, int ldx, const float *packed, int m, int n, int k,
                        const float *bias, int accumulate);

    // y[m,c] = weight[c] · x · r,  r = 1/√(mean(x²)+eps); r is stored in rstd[m].
    void (*rmsnorm)(float *y, float *rstd, const float *x, const float *weight, int m, int c, float eps);
    // dx[m,c] += gradient; dweight[c] += gradient, rows in ascending order.
    void (*rmsnorm_backward)(float *dx, float *dweight, const float *dy, const float *x, const float *weight,
                             const float *rstd, int m, int c);

    // Rotates each head's pairs (i, i+d/2) of x[m, heads·d] by the angle of its position ("rotate half").
    // cosine, sine: [positions, d/2]; position[m]; inverse ≠ 0 rotates back (the backward pass).
    void (*rope)(float *x, int ldx, const float *cosine, const float *sine, const int32_t *position, int m,
                 int heads, int d, int inverse);

    // Causal attention of one sequence: query row i (0-based, of t) attends to key rows 0 … offset+i.
    // q[t, heads·d], k and v[offset+t, kv_heads·d], out[t, heads·d]; log_sum_exp[t, heads] (null: not stored).
    // scores: at least offset+t floats, free to be overwritten. Serves prefill (offset 0), decode (t = 1) and both mixed.
    void (*attention)(float *out, int ldo, float *log_sum_exp, const float *q, int ldq, const float *k, int ldk,
                      const float *v, int ldv, int t, int offset, int heads, int kv_heads, int d, float scale,
                      float *scores);
    // Backward of the same with offset 0. dq, dk, dv are added to. scratch: at least 8·t floats, likewise.
    void (*attention_backward)(float *dq, int lddq, float *dk, int lddk, float *dv, int lddv, const float *dout,
                               int lddo, const float *out, int ldo, const float *log_sum_exp, const float *q, int ldq,
                               const float *k, int ldk, const float *v, int ldv, int t, int heads, int kv_heads, int d,
                               float scale, float *scratch);

    // The same over a cache whose keys are kept as products read them. Floats of the keys of one head:
    size_t (*cached_keys_count)(int capacity, int d);
    // Takes the keys x[t, d] of positions first … into the cache of one head.
    void (*cache_keys)(float *k, const float *x, int ldx, int first, int t, int d);
    // `attention` to the bit, for query rows at positions offset … offset+t−1. Key/value head g has its keys at
    // k + g·key_stride, its values [positions, d] at v + g·value_stride.
    void (*attention_cached)(float *out, int ldo, const float *q, int ldq, const float *k, const float *v,
                             size_t key_stride, size_t value_stride, int t, int offset, int heads, int kv_heads, int d,
                             float scale);

    // y = silu(gate)·up, elementwise over count.
    void (*silu_multiply)(float *y, const float *gate, const float *up, size_t count);
    // dgate, dup are written (not added to).
    void (*silu_multiply_backward)(float *dgate, float *dup, const float *dy, const float *gate, const float *up,
                                   size_t count);

    // For each row of logits[m,v]: log Σ exp over the first v entries. Logits are finite here and below;
    // a row of −∞ or with a NaN gives NaN.
    void (*log_sum_exp)(float *result, const float *logits, int ldl, int m, int v);
    // Per row: entropy in nats of softmax(logits[m,v]), given its log_sum_exp.
    void (*entropy)(float *result, const float *logits, int ldl, const float *log_sum_exp, int m, int v);
    // In place: logits[i,:] ← coefficient[i] · (onehot(target[i]) − softmax(logits[i,:])), the gradient of
    // coefficient · log p(target) with respect to the logits.
    void (*log_prob_backward)(float *logits, int ldl, const float *log_sum_exp, const int32_t *target,
                              const float *coefficient, int m, int v);

    // One AdamW step over count parameters, step-size corrections included by the caller:
    // p *= 1 − lr·decay; m = β1 m + (1−β1) g·gscale; v likewise; p −= lr · (m/c1) / (√(v/c2) + eps).
    void (*adamw)(float *p, const float *g, float *m, float *v, size_t count, float gscale, float lr, float beta1,
                  float beta2, float eps, float decay, float correction1, float correction2);
    // Σ x², accumulated in double in ascending order of fixed blocks.
    double (*sum_squares)(const float *x, size_t count);
    // y += a·x
    void (*axpy)(float *y, const float *x, float a, size_t count);

    // The token of greatest logit/temperature + Gumbel noise among tokens with logit ≥ floor; ties go to the lower
    // id. Noise of token j is −log(−log u), u drawn from the 64-bit hash of (key, j): the same token has
    // the same noise whatever v is. temperature 0 takes the greatest logit and draws nothing.
    // All paths return the same token for the same logits. −1 where no logit reaches the floor (or all are NaN).
    int32_t (*gumbel_argmax)(const float *logits, int v, float temperature, float floor, uint64_t key);

    // y[m,n] = (y − bias) · gain[n] + bias[n], in place; a null bias is zero.
    void (*scale_columns)(float *y, int ldy, const float *gain, const float *bias, int m, int n);
    // sum[n] += Σ a[·,n]·b[·,n] over the m rows, in ascending order from zero.
    void (*column_dots)(float *sum, const float *a, int lda, const float *b, int ldb, int m, int n);
    // y[n] = x/(1 − probability), or 0 with that probability, drawn from the hash of (key, index). y may be x.
    // The same channels are zero on every path. 0 ≤ probability < 1.
    void (*dropout)(float *y, const float *x, int n, float probability, uint64_t key);
} agon_kernels;

// The fastest path this processor has.
agon_path agon_path_best(void);
// The table of a path, or null where the processor (or the build's architecture) lacks it.
const agon_kernels *agon_kernels_for(agon_path path);

#endif
