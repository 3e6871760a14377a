/// How a weight matrix is stored where products read it. Sums are float32 in every format.
public enum WeightFormat: String, Sendable, Hashable, Codable, CaseIterable {
    /// Four bytes a weight, exact.
    case float32 = "fp32"
    /// Two bytes: weights and the inputs of products are rounded to 8 significant bits.
    case bfloat16 = "bf16"
    /// One byte, with a scale for each 64 inputs of an output: weights, and the inputs of products as they come, are
    /// rounded to 1/127 of the largest of their block.
    case int8

    /// The format of the backward pass of a frozen matrix of this format.
    ///
    /// int8 would round the derivatives that it multiplies; bfloat16 has more than enough room for int8 weights.
    public var backward: WeightFormat { self == .int8 ? .bfloat16 : self }

    /// Bytes of a matrix, but for what its last panel is filled up with.
    func byteCount(outputs: Int, inputs: Int) -> Int {
        let words = switch self {
        case .float32: inputs
        case .bfloat16: (inputs + 1) / 2
        case .int8: (inputs + 63) / 64 + (inputs + 3) / 4
        }
        return outputs * words * MemoryLayout<Float>.stride
    }

    /// Bytes of all matrices of a model in this format, before anything is allocated.
    ///
    /// - Parameter transposed: those of the backward pass.
    public func byteCount(of config: ModelConfig, transposed: Bool = false) -> Int {
        PackedWeights.shapes(config, transposed: transposed)
            .reduce(0) { $0 + byteCount(outputs: $1.outputs, inputs: $1.inputs) }
    }

    /// The format of that name.
    ///
    /// - Throws: `invalidRequest`, listing the valid names.
    public init(named name: String) throws(TransformerError) {
        guard let format = WeightFormat(rawValue: name) else {
            let valid = WeightFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw TransformerError(.invalidRequest, "weights \"\(name)\" is unknown; the valid formats are \(valid).")
        }
        self = format
    }
}
