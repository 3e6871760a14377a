// Sampling by the Gumbel-max rule. Only the shared double-precision noise decides, so every path returns the same
// token for the same logits. Vectors of float merely rule out the tokens that cannot win: of v tokens about
// ln v have to be looked at closely.

static int32_t greatest_logit(const float *logits, int v, float floor) {
    int32_t best = -1;
    for (int j = 0; j < v; j++) {
        if (logits[j] >= floor && (best < 0 || logits[j] > logits[best])) best = j;
    }
    return best;
}

// The 32 highest bits of the hashes of tokens j … j+W−1, as signed integers less 2³¹.
AGON_INLINE vi hash_tops(uint64_t start, int j) {
    vu64 z = __builtin_convertvector(lanes() + (j + 1), vu64) * AGON_GOLDEN_GAMMA + start;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z = z ^ (z >> 31);
    return __builtin_convertvector(z >> 32, vi) ^ INT32_MIN;
}

// Lanes whose score may exceed `bound`. The float noise is wrong by less than 0.01 unless u is within 2⁻¹⁶ of 1 or
// below 2⁻²⁰, and such lanes are always kept; logit/temperature is wrong by less than 2⁻²² of itself.
AGON_INLINE vi candidates(vf logits, float temperature, float floor, vi tops, float bound) {
    vf u = __builtin_convertvector(tops, vf) * 0x1p-32f + 0.5f;
    vi extreme = (u > 1.0f - 0x1p-16f) | (u < 0x1p-20f);
    vf noise = -logarithm(-logarithm(choose(extreme, splat(0.5f), u)));
    vf scaled = logits / temperature;
    vf slack = choose(scaled < 0.0f, -scaled, scaled) * 0x1p-20f + 0.02f;
    // Written as “not below”, so that an infinite score is looked at.
    return (logits >= floor) & (extreme | ~(scaled + noise + slack < bound));
}

static int32_t gumbel_argmax(const float *logits, int v, float temperature, float floor, uint64_t key) {
    if (temperature == 0) return greatest_logit(logits, v, floor);
    const uint64_t start = agon_mix(key);
    int32_t best = -1;
    double greatest = 0;
    float bound = -__builtin_inff();
    for (int j = 0; j < v; j += W) {
        vf row = keep_first(load_upto(logits + j, v - j), v - j, __builtin_nanf(""));
        vi open = candidates(row, temperature, floor, hash_tops(start, j), bound);
        if (!__builtin_reduce_or(open)) continue;
        for (int lane = 0; lane < W; lane++) {
            if (!open[lane]) continue;
            const uint64_t hash = agon_mix(start + AGON_GOLDEN_GAMMA * (uint64_t)(j + lane + 1));
            const double score = (double)row[lane] / temperature + agon_gumbel(hash);
            if (best < 0 || score > greatest) {
                best = j + lane;
                greatest = score;
                bound = (float)score;
            }
        }
    }
    return best;
}
