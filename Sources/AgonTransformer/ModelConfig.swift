/// The sizes and constants that fix a decoder of the Llama family.
///
/// Names follow the glossary: C hidden, H heads, K key/value heads, D head size, F feed-forward, V vocabulary.
/// `headSize` is independent of `hiddenSize / headCount`, because published models differ there.
public struct ModelConfig: Sendable, Equatable {
    /// What stands on top of the last norm.
    public enum Head: String, Sendable, Equatable, Codable {
        /// V logits at every position.
        case language
        /// One number for the whole sequence, read at its last token: `score.weight` `[1, C]`
        /// (Hugging Face `…ForSequenceClassification` with one label).
        case score
    }

    /// Which of Hugging Face's model classes the decoder is; they differ in biases and in norms of the heads.
    public enum Family: String, Sendable, Equatable, Codable {
        /// Biases only where `attentionBias` and `feedForwardBias` say so.
        case llama
        /// A bias on queries, keys and values, always.
        case qwen2
        /// RMSNorm over D on each head of the queries and keys, before the rotation.
        case qwen3
    }

    /// Which class of Hugging Face the decoder is.
    public let family: Family
    /// V: rows of the embedding; may exceed the tokenizer's tokens.
    public let vocabularySize: Int
    /// C: channels of the residual stream.
    public let hiddenSize: Int
    /// Decoder layers.
    public let layerCount: Int
    /// H: query heads.
    public let headCount: Int
    /// K: key and value heads; divides `headCount` (grouped-query attention).
    public let keyValueHeadCount: Int
    /// D: channels of one head; even, because rotary embedding turns pairs.
    public let headSize: Int
    /// F: channels inside the gated feed-forward layer.
    public let feedForwardSize: Int
    /// Base of the rotary frequencies: pair i of D/2 turns by position · theta^(−2i/D) radians.
    public let ropeTheta: Double
    /// How the rotary frequencies are changed, if they are.
    public let ropeScaling: RotaryScaling?
    /// `attention_bias`: biases on queries, keys, values and the attention's output. Qwen2 has no such choice.
    public let attentionBias: Bool
    /// `mlp_bias`: biases on gate, up and down; Llama only.
    public let feedForwardBias: Bool
    /// Added to the mean square inside RMSNorm.
    public let normEpsilon: Float
    /// Whether the language head reuses the embedding matrix.
    public let tiesEmbeddings: Bool
    /// The longest sequence that the model accepts, in tokens.
    public let maxPositionCount: Int
    /// The token that begins a sequence, if the model has one.
    public let bosToken: Int32?
    /// Any of these ends a completion.
    public let eosTokens: [Int32]
    /// The padding token, if the model names one; the engine itself never pads.
    public let padToken: Int32?
    /// What stands on top of the last norm.
    public let head: Head

    /// Checks the sizes against one another.
    ///
    /// - Throws: `invalidConfig`, naming the first size that is out of range or contradicts another.
    public init(
        vocabularySize: Int, hiddenSize: Int, layerCount: Int, headCount: Int, keyValueHeadCount: Int? = nil,
        headSize: Int? = nil, feedForwardSize: Int, ropeTheta: Double = 10_000, normEpsilon: Float = 1e-5,
        tiesEmbeddings: Bool = true, maxPositionCount: Int = 2048, bosToken: Int32? = nil, eosTokens: [Int32] = [],
        padToken: Int32? = nil, head: Head = .language, family: Family = .llama, ropeScaling: RotaryScaling? = nil,
        attentionBias: Bool = false, feedForwardBias: Bool = false
    ) throws(TransformerError) {
        func check(_ name: String, _ value: Int, _ limit: Int) throws(TransformerError) {
            guard value >= 1, value <= limit else {
                throw TransformerError(.invalidConfig, "\(name) must be between 1 and \(limit), but is \(value).")
            }
        }
        try check("vocab_size", vocabularySize, 1 << 22)
        try check("hidden_size", hiddenSize, 1 << 17)
        try check("num_hidden_layers", layerCount, 1 << 12)
        try check("num_attention_heads", headCount, 1 << 12)
        try check("num_key_value_heads", keyValueHeadCount ?? headCount, 1 << 12)
        try check("head_dim", headSize ?? (hiddenSize / headCount), 1 << 14)
        try check("intermediate_size", feedForwardSize, 1 << 19)
        try check("max_position_embeddings", maxPositionCount, 1 << 24)
        guard headSize != nil || hiddenSize.isMultiple(of: headCount) else {
            throw TransformerError(
                .invalidConfig,
                "hidden_size (\(hiddenSize)) must be a multiple of num_attention_heads (\(headCount)) "
                    + "where head_dim is not given.")
        }
        self.family = family
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount ?? headCount
        self.headSize = headSize ?? (hiddenSize / headCount)
        self.feedForwardSize = feedForwardSize
        self.ropeTheta = ropeTheta
        self.ropeScaling = ropeScaling
        self.attentionBias = attentionBias
        self.feedForwardBias = feedForwardBias
        self.normEpsilon = normEpsilon
        self.tiesEmbeddings = tiesEmbeddings
        self.maxPositionCount = maxPositionCount
        self.bosToken = bosToken
        self.eosTokens = eosTokens
        self.padToken = padToken
        self.head = head
        try checkRelations()
    }

    private func checkRelations() throws(TransformerError) {
        guard headCount.isMultiple(of: keyValueHeadCount) else {
            throw TransformerError(
                .invalidConfig,
                "num_key_value_heads (\(keyValueHeadCount)) must divide num_attention_heads (\(headCount)).")
        }
        guard headSize.isMultiple(of: 2) else {
            throw TransformerError(.invalidConfig, "head_dim must be even for rotary embedding, but is \(headSize).")
        }
        guard ropeTheta.isFinite, ropeTheta > 0 else {
            throw TransformerError(.invalidConfig, "rope_theta must be positive, but is \(ropeTheta).")
        }
        try ropeScaling?.check()
        guard !attentionBias || family != .qwen2, !feedForwardBias || family == .llama else {
            throw TransformerError(
                .invalidConfig,
                "A \(family.rawValue) model has no \(feedForwardBias ? "mlp_bias" : "attention_bias"); remove the key.")
        }
        guard normEpsilon.isFinite, normEpsilon >= 0 else {
            throw TransformerError(.invalidConfig, "rms_norm_eps must not be negative, but is \(normEpsilon).")
        }
        for token in eosTokens + [bosToken, padToken].compactMap({ $0 }) {
            guard token >= 0, Int(token) < vocabularySize else {
                throw TransformerError(
                    .invalidConfig, "Special token \(token) lies outside the vocabulary of \(vocabularySize).")
            }
        }
    }

    /// The same decoder with something else on top of its last norm.
    public func replacing(head: Head) throws(TransformerError) -> ModelConfig {
        try ModelConfig(
            vocabularySize: vocabularySize, hiddenSize: hiddenSize, layerCount: layerCount, headCount: headCount,
            keyValueHeadCount: keyValueHeadCount, headSize: headSize, feedForwardSize: feedForwardSize,
            ropeTheta: ropeTheta, normEpsilon: normEpsilon, tiesEmbeddings: tiesEmbeddings,
            maxPositionCount: maxPositionCount, bosToken: bosToken, eosTokens: eosTokens, padToken: padToken,
            head: head, family: family, ropeScaling: ropeScaling, attentionBias: attentionBias,
            feedForwardBias: feedForwardBias)
    }

    /// Whether queries, keys and values have biases.
    var hasQueryKeyValueBias: Bool { attentionBias || family == .qwen2 }
    /// Whether each head of the queries and keys is normed before the rotation.
    var hasHeadNorms: Bool { family == .qwen3 }
    /// H·D: columns of the queries.
    var querySize: Int { headCount * headSize }
    /// K·D: columns of the keys, and of the values.
    var keyValueSize: Int { keyValueHeadCount * headSize }
    /// H·D + 2·K·D: columns of queries, keys and values side by side.
    var fusedSize: Int { querySize + 2 * keyValueSize }
}
