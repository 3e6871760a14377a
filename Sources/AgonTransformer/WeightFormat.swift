/// How a weight matrix is stored where products read it. Sums are float32 in every format.
public enum WeightFormat: String, Sendable, Hashable, Codable, CaseIterable {
    /// Four bytes a weight, exact.
    case float32 = "fp32"
    /// Two bytes: weights and the inputs of products are rounded to 8 significant bits.
    case bfloat16 = "bf16"
    /// One byte, with a scale for each 64 inputs of an output: weights, and the inputs of products as they come, are
    /// rounded to 1/127 of the largest of their block.
    case int8

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
