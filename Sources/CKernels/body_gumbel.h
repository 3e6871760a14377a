// Sampling by the Gumbel-max rule. The noise is computed in double by one shared function; vectors only find the
// tokens that could win, so every path returns the same token for the same logits.

static int32_t greatest_logit(const float *logits, int v, float floor) {
    int32_t best = -1;
    for (int j = 0; j < v; j++) {
        if (logits[j] >= floor && (best < 0 || logits[j] > logits[best])) best = j;
    }
    return best;
}

static int32_t gumbel_argmax(const float *logits, int v, float temperature, float floor, uint64_t key) {
    if (temperature == 0) return greatest_logit(logits, v, floor);
    const uint64_t start = agon_mix(key);
    int32_t best = -1;
    double greatest = 0;
    for (int j = 0; j < v; j++) {
        if (!(logits[j] >= floor)) continue;
        double score = (double)logits[j] / temperature + agon_gumbel(agon_mix(start + AGON_GOLDEN_GAMMA * (j + 1ull)));
        if (best < 0 || score > greatest) {
            best = j;
            greatest = score;
        }
    }
    return best;
}
