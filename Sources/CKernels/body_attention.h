// Causal attention in tiles of query rows and blocks of keys.
//
// A row visits the key blocks in ascending order from key 0 and keeps a running maximum and sum (the online softmax
// of Milakov & Gimelshein 2018, arXiv:1805.02867). Blocks start at multiples of KEY_BLOCK, every score is one chain
// over d, every output one chain over the keys: the order depends on the row's own keys only. A key that a row must
// not see has weight exactly 0, which leaves its sums as they are. So decoding a token gives the bits that
// prefilling it would have given.

#define KEY_BLOCK (4 * W)
#define QUERY_TILE 32
// Head dimensions that are transposed at a time.
#define D_BLOCK 64
// Rows of a register tile, two vectors wide.
#if AGON_WIDTH == 16
#define TILE_ROWS 8
#else
#define TILE_ROWS 4
#endif

// columns[i][key] = rows[key][i] for `dims` ≤ D_BLOCK of the first `count` rows; the last row fills up a vector.
static void transpose_rows(float (*columns)[KEY_BLOCK], const float *rows, size_t stride, int count, int dims) {
    for (int key = 0; key < count; key += W, rows += W * stride) {
        for (int i = 0; i < dims; i += W) {
            vf v[W];
            if (count - key >= W && dims - i >= W) {
                UNROLL for (int r = 0; r < W; r++) v[r] = load(rows + r * stride + i);
            } else {
                const int rest = count - key - 1;
                UNROLL for (int r = 0; r < W; r++) {
                    v[r] = load_upto(rows + (size_t)(r < rest ? r : rest) * stride + i, dims - i);
                }
            }
            transpose(v);
            if (dims - i >= W) {
                UNROLL for (int r = 0; r < W; r++) store(&columns[i + r][key], v[r]);
            } else {
                UNROLL for (int r = 0; r < W; r++) {
                    if (i + r < dims) store(&columns[i + r][key], v[r]);
                }
            }
        }
    }
}

// scores[r][0 … vectors·W) (+)= row[r] · columns over dims. `count` and `vectors` are constants at every call.
AGON_INLINE void score_tile(const int count, const int vectors, float (*scores)[KEY_BLOCK], const float *const *row,
                            const float (*columns)[KEY_BLOCK], int dims, int add) {
    vf sums[TILE_ROWS][4];
    UNROLL for (int r = 0; r < count; r++) {
        UNROLL for (int c = 0; c < vectors; c++) sums[r][c] = add ? load(scores[r] + c * W) : splat(0);
    }
    for (int i = 0; i < dims; i++) {
        vf keys[4];
        UNROLL for (int c = 0; c < vectors; c++) keys[c] = load(columns[i] + c * W);
        UNROLL for (int r = 0; r < count; r++) {
            vf a = splat(row[r][i]);
            UNROLL for (int c = 0; c < vectors; c++) sums[r][c] = FMA(a, keys[c], sums[r][c]);
        }
    }
    UNROLL for (int r = 0; r < count; r++) {
        UNROLL for (int c = 0; c < vectors; c++) store(scores[r] + c * W, sums[r][c]);
    }
}

// scores[rows][keys] = row · key for one block of keys, through `columns`. The row pointers advance by d.
static void score_block(float (*scores)[KEY_BLOCK], const float **row, int rows, const float *keys, size_t stride,
                        int count, int d, float (*columns)[KEY_BLOCK]) {
    for (int i = 0; i < d; i += D_BLOCK) {
        const int dims = d - i < D_BLOCK ? d - i : D_BLOCK;
        transpose_rows(columns, keys + i, stride, count, dims);
        int r = 0;
        while (r < rows) {
            const int whole = rows - r >= TILE_ROWS;
            for (int key = 0; key < count;) {
                float (*to)[KEY_BLOCK] = (float (*)[KEY_BLOCK])&scores[r][key];
                const float (*from)[KEY_BLOCK] = (const float (*)[KEY_BLOCK])&columns[0][key];
                const int wide = !whole && count - key > 2 * W;
                if (whole) score_tile(TILE_ROWS, 2, to, row + r, from, dims, i > 0);
                else if (wide) score_tile(1, 4, to, row + r, from, dims, i > 0);
                else score_tile(1, 2, to, row + r, from, dims, i > 0);
                key += wide ? 4 * W : 2 * W;
            }
            r += whole ? TILE_ROWS : 1;
        }
        for (r = 0; r < rows; r++) row[r] += dims;
    }
}

// out[r][0 … left) = out[r]·keep[r] + Σ_j weight[r·across + j·along] · source[j·stride …), j ascending.
// `count` and `vectors` are constants at every call; left > (vectors−1)·W. keep null: out[r] as it is.
AGON_INLINE void combine_tile(const int count, const int vectors, float *const *out, size_t at, const float *keep,
                              const float *weight, size_t across, size_t along, const float *source, size_t stride,
                              int terms, size_t left) {
    const size_t last = left - (size_t)(vectors - 1) * W;
    vf sums[TILE_ROWS][4];
    UNROLL for (int r = 0; r < count; r++) {
        const float factor = keep ? keep[r] : 1;
        UNROLL for (int c = 0; c < vectors; c++) {
            sums[r][c] = (c < vectors - 1 ? load(out[r] + at + c * W) : load_upto(out[r] + at + c * W, last)) * factor;
        }
    }
    if (last >= W) {
        for (int j = 0; j < terms; j++, source += stride, weight += along) {
            UNROLL for (int r = 0; r < count; r++) {
                vf a = splat(weight[r * across]);
                UNROLL for (int c = 0; c < vectors; c++) sums[r][c] = FMA(a, load(source + c * W), sums[r][c]);
            }
        }
    } else {
        for (int j = 0; j < terms; j++, source += stride, weight += along) {
            vf end = load_first(source + (vectors - 1) * W, (int)last);
            UNROLL for (int r = 0; r < count; r++) {
                vf a = splat(weight[r * across]);
                UNROLL for (int c = 0; c < vectors - 1; c++) sums[r][c] = FMA(a, load(source + c * W), sums[r][c]);
                sums[r][vectors - 1] = FMA(a, end, sums[r][vectors - 1]);
            }
        }
    }
    UNROLL for (int r = 0; r < count; r++) {
        UNROLL for (int c = 0; c < vectors - 1; c++) store(out[r] + at + c * W, sums[r][c]);
        store_upto(out[r] + at + (vectors - 1) * W, sums[r][vectors - 1], last);
    }
}

#define COMBINE(ROWS, VECTORS) \
    combine_tile(ROWS, VECTORS, out, i, keep, weight, across, along, source + i, stride, terms, \
                 left < VECTORS * W ? left : VECTORS * W)

static void combine_rows(int count, float *const *out, const float *keep, const float *weight, size_t across,
                         size_t along, const float *source, size_t stride, int terms, int d) {
    for (int i = 0; i < d; i += 2 * W) {
        const int left = d - i;
        if (count == TILE_ROWS) {
            if (left > W) COMBINE(TILE_ROWS, 2);
            else COMBINE(TILE_ROWS, 1);
        } else if (left > 3 * W) {
            COMBINE(1, 4);
            i += 2 * W;
        } else {
            if (left > W) COMBINE(1, 2);
            else COMBINE(1, 1);
        }
    }
}

// A tile of query rows of the heads that share one key/value head, with its running softmax.
typedef struct {
    vf sum[QUERY_TILE];
    float scores[QUERY_TILE][KEY_BLOCK] __attribute__((aligned(64)));
    float columns[D_BLOCK][KEY_BLOCK] __attribute__((aligned(64)));
    float *out[QUERY_TILE];
    const float *query[QUERY_TILE];
    int keys[QUERY_TILE];
    float greatest[QUERY_TILE];
    float keep[QUERY_TILE];
} attention_tile;

// Scores of row r in the block at `first` become weights exp(score − maximum), 0 for the keys it does not see;
// keep[r] is what the older weights have to be multiplied by.
AGON_INLINE void softmax_block(attention_tile *tile, int r, int first, int count, float scale) {
    float *scores = tile->scores[r];
    const int seen = tile->keys[r] - first;
    vf top = splat(tile->greatest[r]);
    for (int j = 0; j < count && j < seen; j += W) {
        vf s = load(scores + j) * scale;
        store(scores + j, s);
        top = greater_of(keep_first(s, seen - j, -__builtin_inff()), top);
    }
    const float greatest = greatest_lane(top);
    vf keep = first > 0 ? exponential(splat(tile->greatest[r] - greatest)) : splat(0);
    vf sum = tile->sum[r] * keep;
    for (int j = 0; j < count; j += W) {
        vf p = splat(0);
        if (j < seen) p = keep_first(exponential(load(scores + j) - greatest), seen - j, 0);
        sum += p;
        store(scores + j, p);
    }
    tile->sum[r] = sum;
    tile->greatest[r] = greatest;
    tile->keep[r] = keep[0];
}

static void attend_tile(attention_tile *tile, int rows, const float *k, size_t ldk, const float *v, size_t ldv, int d,
                        float scale) {
    for (int r = 0; r < rows; r++) {
        tile->sum[r] = splat(0);
        tile->greatest[r] = -__builtin_inff();
        for (int i = 0; i < d; i += W) store_upto(tile->out[r] + i, splat(0), d - i);
    }
    const int keys = tile->keys[rows - 1];
    int from = 0;
    for (int first = 0; first < keys; first += KEY_BLOCK) {
        while (tile->keys[from] <= first) from++;  // rows whose last key came before this block
        const int count = keys - first < KEY_BLOCK ? keys - first : KEY_BLOCK;
        const float *query[QUERY_TILE];
        for (int r = from; r < rows; r++) query[r] = tile->query[r];
        score_block(tile->scores + from, query + from, rows - from, k + first * ldk, ldk, count, d, tile->columns);
        for (int r = from; r < rows; r++) softmax_block(tile, r, first, count, scale);
        for (int r = from; r < rows;) {
            const int step = rows - r >= TILE_ROWS ? TILE_ROWS : 1;
            const int seen = tile->keys[r + step - 1] - first;
            combine_rows(step, tile->out + r, tile->keep + r, tile->scores[r], KEY_BLOCK, 1, v + first * ldv, ldv,
                         seen < count ? seen : count, d);
            r += step;
        }
    }
}

static void attention(float *out, int ldo, float *log_sum_exp, const float *q, int ldq, const float *k, int ldk,
                      const float *v, int ldv, int t, int offset, int heads, int kv_heads, int d, float scale,
                      float *scores) {
    (void)scores;  // the tiles of this implementation fit on the stack
    attention_tile tile;
    const int group = heads / kv_heads, all = t * group;
    for (int g = 0; g < kv_heads; g++) {
        for (int first = 0; first < all; first += QUERY_TILE) {
            const int rows = all - first < QUERY_TILE ? all - first : QUERY_TILE;
            for (int r = 0; r < rows; r++) {
                const size_t row = (first + r) / group, head = (size_t)g * group + (first + r) % group;
                tile.query[r] = q + row * ldq + head * d;
                tile.out[r] = out + row * ldo + head * d;
                tile.keys[r] = offset + (int)row + 1;
            }
            attend_tile(&tile, rows, k + (size_t)g * d, ldk, v + (size_t)g * d, ldv, d, scale);
            for (int r = 0; r < rows; r++) {
                const float sum = sum_lanes(tile.sum[r]), factor = 1.0f / sum;
                for (int i = 0; i < d; i += W) {
                    store_upto(tile.out[r] + i, load_upto(tile.out[r] + i, d - i) * factor, d - i);
                }
                if (log_sum_exp) {
                    const size_t row = (first + r) / group, head = (size_t)g * group + (first + r) % group;
                    log_sum_exp[row * heads + head] = tile.greatest[r] + logarithm(splat(sum))[0];
                }
            }
        }
    }
}
