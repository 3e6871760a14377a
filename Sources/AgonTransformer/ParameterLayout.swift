/// Where each tensor of a model lies in one flat buffer of float32.
///
/// One buffer makes an optimiser step, a gradient norm or a copy a single loop. Within a layer the query, key and
/// value matrices are neighbours, as are gate and up: each group is read as one taller matrix. So are their biases.
public struct ParameterLayout: Sendable, Equatable {
    /// One named tensor, row-major.
    public struct Tensor: Sendable, Equatable {
        /// The Hugging Face name, such as `model.layers.0.mlp.up_proj.weight`.
        public let name: String
        /// `[rows, columns]` of a matrix (outputs, inputs), or `[C]` of a norm or a bias.
        public let shape: [Int]
        /// The first element's index in the flat buffer.
        public let offset: Int
        /// The product of the shape.
        public var count: Int { shape.reduce(1, *) }
    }

    /// The tensors in the order of their offsets, without holes.
    public let tensors: [Tensor]
    /// Elements of the whole buffer.
    public let count: Int
    private let indexByName: [String: Int]
    private let layers: [Layer]

    /// The layout of a model with these sizes.
    public init(_ config: ModelConfig) {
        var tensors: [Tensor] = []
        var offset = 0
        func add(_ name: String, _ shape: Int...) {
            tensors.append(Tensor(name: name, shape: shape, offset: offset))
            offset += shape.reduce(1, *)
        }
        let (c, f) = (config.hiddenSize, config.feedForwardSize)
        var layers: [Layer] = []
        add("model.embed_tokens.weight", config.vocabularySize, c)
        for index in 0..<config.layerCount {
            let prefix = "model.layers.\(index)."
            var layer = Layer()
            layer.inputNorm = offset
            add(prefix + "input_layernorm.weight", c)
            layer.query = offset
            add(prefix + "self_attn.q_proj.weight", config.querySize, c)
            add(prefix + "self_attn.k_proj.weight", config.keyValueSize, c)
            add(prefix + "self_attn.v_proj.weight", config.keyValueSize, c)
            if config.hasQueryKeyValueBias {
                layer.queryBias = offset
                add(prefix + "self_attn.q_proj.bias", config.querySize)
                add(prefix + "self_attn.k_proj.bias", config.keyValueSize)
                add(prefix + "self_attn.v_proj.bias", config.keyValueSize)
            }
            if config.hasHeadNorms {
                layer.queryNorm = offset
                add(prefix + "self_attn.q_norm.weight", config.headSize)
                layer.keyNorm = offset
                add(prefix + "self_attn.k_norm.weight", config.headSize)
            }
            layer.output = offset
            add(prefix + "self_attn.o_proj.weight", c, config.querySize)
            if config.attentionBias {
                layer.outputBias = offset
                add(prefix + "self_attn.o_proj.bias", c)
            }
            layer.feedForwardNorm = offset
            add(prefix + "post_attention_layernorm.weight", c)
            layer.gate = offset
            add(prefix + "mlp.gate_proj.weight", f, c)
            add(prefix + "mlp.up_proj.weight", f, c)
            layer.down = offset
            add(prefix + "mlp.down_proj.weight", c, f)
            if config.feedForwardBias {
                layer.gateBias = offset
                add(prefix + "mlp.gate_proj.bias", f)
                add(prefix + "mlp.up_proj.bias", f)
                layer.downBias = offset
                add(prefix + "mlp.down_proj.bias", c)
            }
            layers.append(layer)
        }
        add("model.norm.weight", c)
        switch config.head {
        case .language: if !config.tiesEmbeddings { add("lm_head.weight", config.vocabularySize, c) }
        case .score: add("score.weight", 1, c)
        }
        self.tensors = tensors
        count = offset
        self.layers = layers
        indexByName = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    }

    /// The tensor of that Hugging Face name, or nil where the model has none.
    public subscript(name: String) -> Tensor? { indexByName[name].map { tensors[$0] } }

    /// Offsets of one layer's tensors; nil for those that the model lacks. `query` begins the fused
    /// `[H·D + 2·K·D, C]`, `gate` the fused `[2·F, C]`; `queryBias` and `gateBias` likewise.
    struct Layer: Sendable, Equatable {
        var inputNorm = 0, query = 0, output = 0, feedForwardNorm = 0, gate = 0, down = 0
        var queryBias, outputBias, gateBias, downBias: Int?
        /// `[D]` each.
        var queryNorm, keyNorm: Int?
    }

    func layer(_ index: Int) -> Layer { layers[index] }

    /// The neighbouring elements that are read packed alone: the layers' matrices, and a language head of its own.
    var matrixRuns: [Range<Int>] {
        var runs: [Range<Int>] = []
        for tensor in tensors where tensor.shape.count == 2 {
            guard tensor.name != "model.embed_tokens.weight", tensor.name != "score.weight" else { continue }
            if let last = runs.last, last.upperBound == tensor.offset {
                runs[runs.count - 1] = last.lowerBound..<tensor.offset + tensor.count
            } else {
                runs.append(tensor.offset..<tensor.offset + tensor.count)
            }
        }
        return runs
    }

    /// Elements that stay when the matrices are released.
    public var residentCount: Int { count - matrixRuns.reduce(0) { $0 + $1.count } }

    /// Offset of the last norm's weight.
    var finalNorm: Int { self["model.norm.weight"]?.offset ?? 0 }
    /// Offset of the matrix that makes logits `[V, C]` or the score `[1, C]`.
    var headMatrix: Int { (self["lm_head.weight"] ?? self["score.weight"])?.offset ?? 0 }
}
