// Causal attention over a key/value cache, whose keys lie as products read them: in blocks of KEY_BLOCK positions,
// each [d][KEY_BLOCK]. The arithmetic of a row is that of `attention`, operation by operation; only nothing is
// transposed, and rows of different heads are computed side by side, since one row alone waits for its own sums.

// Rows that are computed side by side.
#define CACHED_ROWS 4

// scores[r][0 … 4·W) = query[r] · keys of one block; `count` is a constant at every call.
AGON_INLINE void cached_score_tile(const int count, float (*scores)[KEY_BLOCK], const float *const *query,
                                   const float *keys, int d) {
    vf sums[CACHED_ROWS][4];
    UNROLL for (int r = 0; r < count; r++) {
        UNROLL for (int c = 0; c < 4; c++) sums[r][c] = splat(0);
    }
    for (int i = 0; i < d; i++, keys += KEY_BLOCK) {
        vf column[4];
        UNROLL for (int c = 0; c < 4; c++) column[c] = load(keys + c * W);
        UNROLL for (int r = 0; r < count; r++) {
            vf a = splat(query[r][i]);
            UNROLL for (int c = 0; c < 4; c++) sums[r][c] = FMA(a, column[c], sums[r][c]);
        }
    }
    UNROLL for (int r = 0; r < count; r++) {
        UNROLL for (int c = 0; c < 4; c++) store(scores[r] + c * W, sums[r][c]);
    }
}

// out[r][0 … left) = out[r]·keep[r] + Σ_j weight[r][j] · values[r][j·d …), j ascending; left > (vectors−1)·W.
AGON_INLINE void cached_combine_tile(const int count, const int vectors, float *const *out, const float *keep,
                                     const float (*weight)[KEY_BLOCK], const float *const *values, int at, int d,
                                     int terms) {
    const int left = d - at < vectors * W ? d - at : vectors * W, last = left - (vectors - 1) * W;
    vf sums[CACHED_ROWS][4];
    const float *source[CACHED_ROWS];
    UNROLL for (int r = 0; r < count; r++) {
        source[r] = values[r] + at;
        UNROLL for (int c = 0; c < vectors; c++) {
            const float *from = out[r] + at + c * W;
            sums[r][c] = (c < vectors - 1 ? load(from) : load_upto(from, last)) * keep[r];
        }
    }
    for (int j = 0; j < terms; j++) {
        UNROLL for (int r = 0; r < count; r++) {
            vf a = splat(weight[r][j]);
            UNROLL for (int c = 0; c < vectors; c++) {
                const float *from = source[r] + c * W;
                sums[r][c] = FMA(a, c < vectors - 1 || last >= W ? load(from) : load_first(from, last), sums[r][c]);
            }
            source[r] += d;
        }
    }
    UNROLL for (int r = 0; r < count; r++) {
        UNROLL for (int c = 0; c < vectors; c++) {
            store_upto(out[r] + at + c * W, sums[r][c], c < vectors - 1 ? W : last);
        }
    }
}

#define CACHED_TILE(COUNT, VECTORS) cached_combine_tile(COUNT, VECTORS, out, keep, weight, values, at, d, terms)
#define CACHED_CASE(COUNT) \
    case COUNT: \
        if (d - at > 3 * W) CACHED_TILE(COUNT, 4); \
        else if (d - at > 2 * W) CACHED_TILE(COUNT, 3); \
        else if (d - at > W) CACHED_TILE(COUNT, 2); \
        else CACHED_TILE(COUNT, 1); \
        break;

static void cached_combine(int count, float *const *out, const float *keep, const float (*weight)[KEY_BLOCK],
                           const float *const *values, int d, int terms) {
    for (int at = 0; at < d; at += 4 * W) {
        switch (count) { CACHED_CASE(1) CACHED_CASE(2) CACHED_CASE(3) CACHED_CASE(4) }
    }
}

static void cached_scores(int count, float (*scores)[KEY_BLOCK], const float *const *query, const float *keys, int d) {
    switch (count) {
        case 1: cached_score_tile(1, scores, query, keys, d); break;
        case 2: cached_score_tile(2, scores, query, keys, d); break;
        case 3: cached_score_tile(3, scores, query, keys, d); break;
        case 4: cached_score_tile(4, scores, query, keys, d); break;
    }
}

// A tile of rows with the cache that each reads. Rows stand in ascending order of the keys that they see.
static void attend_cached_tile(attention_tile *tile, int rows, const float *const *k, const float *const *v, int d,
                               float scale) {
    for (int r = 0; r < rows; r++) {
        tile->sum[r] = splat(0);
        tile->greatest[r] = -__builtin_inff();
        for (int i = 0; i < d; i += W) store_upto(tile->out[r] + i, splat(0), d - i);
    }
    const int keys = tile->keys[rows - 1];
    int from = 0;
    for (int first = 0; first < keys; first += KEY_BLOCK) {
        while (tile->keys[from] <= first) from++;
        const int count = keys - first < KEY_BLOCK ? keys - first : KEY_BLOCK;
        for (int r = from, step; r < rows; r += step) {
            for (step = 1; step < CACHED_ROWS && r + step < rows && k[r + step] == k[r];) step++;
            cached_scores(step, tile->scores + r, tile->query + r, k[r] + (size_t)first * d, d);
        }
        for (int r = from; r < rows; r++) softmax_block(tile, r, first, count, scale);
        for (int r = from, step; r < rows; r += step) {
            const float *values[CACHED_ROWS];
            step = rows - r < CACHED_ROWS ? rows - r : CACHED_ROWS;
            for (int s = 0; s < step; s++) values[s] = v[r + s] + (size_t)first * d;
            const int seen = tile->keys[r + step - 1] - first;
            cached_combine(step, tile->out + r, tile->keep + r, tile->scores + r, values, d,
                           seen < count ? seen : count);
        }
    }
    for (int r = 0; r < rows; r++) {
        const float factor = 1.0f / sum_lanes(tile->sum[r]);
        for (int i = 0; i < d; i += W) {
            store_upto(tile->out[r] + i, load_upto(tile->out[r] + i, d - i) * factor, d - i);
        }
    }
}

static size_t cached_keys_count(int capacity, int d) {
    return ((size_t)capacity + KEY_BLOCK - 1) / KEY_BLOCK * KEY_BLOCK * d;
}

static void cache_keys(float *k, const float *x, int ldx, int first, int t, int d) {
    for (int row = 0; row < t; row++, x += ldx) {
        const int position = first + row;
        float *to = k + (size_t)(position / KEY_BLOCK) * KEY_BLOCK * d + position % KEY_BLOCK;
        for (int i = 0; i < d; i++) to[(size_t)i * KEY_BLOCK] = x[i];
    }
}

static void attention_cached(float *out, int ldo, const float *q, int ldq, const float *k, const float *v,
                             size_t key_stride, size_t value_stride, int t, int offset, int heads, int kv_heads, int d,
                             float scale) {
    attention_tile tile;
    const float *keys[QUERY_TILE], *values[QUERY_TILE];
    const int group = heads / kv_heads;
    int rows = 0;
    // Position by position for each head; one position of all heads is one run of rows.
    for (int g = 0; g < kv_heads; g++) {
        for (int row = 0; row < t; row++) {
            for (int h = 0; h < group; h++) {
                const size_t head = (size_t)g * group + h;
                tile.query[rows] = q + (size_t)row * ldq + head * d;
                tile.out[rows] = out + (size_t)row * ldo + head * d;
                tile.keys[rows] = offset + row + 1;
                keys[rows] = k + g * key_stride;
                values[rows] = v + g * value_stride;
                rows++;
                const int ends = t > 1 && row == t - 1 && h == group - 1;  // the next head starts over
                const int last = g == kv_heads - 1 && row == t - 1 && h == group - 1;
                if (rows < QUERY_TILE && !ends && !last) continue;
                attend_cached_tile(&tile, rows, keys, values, d, scale);
                rows = 0;
            }
        }
    }
}
