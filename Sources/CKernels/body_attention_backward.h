// The gradient of attention, by the same tiles of query rows and blocks of keys. Probabilities are computed again
// from the stored log Σ exp. dk and dv take the query tiles in ascending order, dq the key blocks.

typedef struct {
    float p[QUERY_TILE][KEY_BLOCK] __attribute__((aligned(64)));
    float ds[QUERY_TILE][KEY_BLOCK] __attribute__((aligned(64)));
    float columns[D_BLOCK][KEY_BLOCK] __attribute__((aligned(64)));
    float log_sum_exp[QUERY_TILE];
    float mean[QUERY_TILE];  // dout · out, which equals Σ p · dp
} gradient_tile;

// scores in p and dout · v in ds become p = exp(score − log Σ exp) and ds = p · (dp − mean) · scale.
AGON_INLINE void gradient_row(gradient_tile *tile, int r, int seen, int count, float scale) {
    for (int j = 0; j < count; j += W) {
        vf p = splat(0), ds = splat(0);
        if (j < seen) {
            p = exponential(load(tile->p[r] + j) * scale - tile->log_sum_exp[r]);
            p = keep_first(p, seen - j, 0);
            ds = p * (load(tile->ds[r] + j) - tile->mean[r]) * scale;
            ds = keep_first(ds, seen - j, 0);
        }
        store(tile->p[r] + j, p);
        store(tile->ds[r] + j, ds);
    }
}

// to[key][d] += Σ_r weight[r][key] · rows[r][d] for one block of keys. Rows before `key − base` see less than key.
static void spread(float *to, size_t stride, const float (*weight)[KEY_BLOCK], const float *rows, size_t row_stride,
                   int count, int row_count, int base, int d) {
    for (int key = 0; key < count;) {
        const int step = count - key >= TILE_ROWS ? TILE_ROWS : 1;
        const int skip = key > base ? key - base : 0;
        float *out[TILE_ROWS];
        for (int r = 0; r < step; r++) out[r] = to + (size_t)(key + r) * stride;
        combine_rows(step, out, 0, &weight[skip][key], 1, KEY_BLOCK, rows + skip * row_stride, row_stride,
                     row_count - skip, d);
        key += step;
    }
}

static void attention_backward(float *dq, int lddq, float *dk, int lddk, float *dv, int lddv, const float *dout,
                               int lddo, const float *out, int ldo, const float *log_sum_exp, const float *q, int ldq,
                               const float *k, int ldk, const float *v, int ldv, int t, int heads, int kv_heads, int d,
                               float scale, float *scratch) {
    (void)scratch;  // the tiles of this implementation fit on the stack
    gradient_tile tile;
    for (int h = 0; h < heads; h++) {
        const size_t at = (size_t)h * d, kv = (size_t)(h / (heads / kv_heads)) * d;
        for (int begin = 0; begin < t; begin += QUERY_TILE) {
            const int rows = t - begin < QUERY_TILE ? t - begin : QUERY_TILE;
            const float *q_tile = q + (size_t)begin * ldq + at, *dout_tile = dout + (size_t)begin * lddo + at;
            for (int r = 0; r < rows; r++) {
                const float *a = dout_tile + (size_t)r * lddo, *b = out + (size_t)(begin + r) * ldo + at;
                vf mean = splat(0);
                for (int i = 0; i < d; i += W) mean = FMA(load_upto(a + i, d - i), load_upto(b + i, d - i), mean);
                tile.mean[r] = sum_lanes(mean);
                tile.log_sum_exp[r] = log_sum_exp[(size_t)(begin + r) * heads + h];
            }
            for (int first = 0; first < begin + rows; first += KEY_BLOCK) {
                const int count = begin + rows - first < KEY_BLOCK ? begin + rows - first : KEY_BLOCK;
                const float *k_block = k + (size_t)first * ldk + kv, *v_block = v + (size_t)first * ldv + kv;
                const float *q_row[QUERY_TILE], *dout_row[QUERY_TILE];
                float *dq_row[QUERY_TILE];
                for (int r = 0; r < rows; r++) {
                    q_row[r] = q_tile + (size_t)r * ldq;
                    dout_row[r] = dout_tile + (size_t)r * lddo;
                    dq_row[r] = dq + (size_t)(begin + r) * lddq + at;
                }
                score_block(tile.p, q_row, rows, k_block, ldk, count, d, tile.columns);
                score_block(tile.ds, dout_row, rows, v_block, ldv, count, d, tile.columns);
                for (int r = 0; r < rows; r++) gradient_row(&tile, r, begin + r + 1 - first, count, scale);
                for (int r = 0; r < rows;) {
                    const int step = rows - r >= TILE_ROWS ? TILE_ROWS : 1, seen = begin + r + step - first;
                    if (seen > 0) {
                        combine_rows(step, dq_row + r, 0, tile.ds[r], KEY_BLOCK, 1, k_block, ldk,
                                     seen < count ? seen : count, d);
                    }
                    r += step;
                }
                spread(dk + (size_t)first * lddk + kv, lddk, tile.ds, q_tile, ldq, count, rows, begin - first, d);
                spread(dv + (size_t)first * lddv + kv, lddv, tile.p, dout_tile, lddo, count, rows, begin - first, d);
            }
        }
    }
}
