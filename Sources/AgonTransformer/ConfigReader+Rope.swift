/// The rotary embedding in either dialect.
extension ConfigReader {
    /// Where a dialect keeps the rope: transformers 4 and 5.
    private static let keys = ["rope_scaling", "rope_parameters"]

    /// `rope_theta` of either dialect; two places that disagree are an error.
    func ropeTheta() throws(TransformerError) -> Double {
        let top = try reader.optional("rope_theta")?.decimal()
        var nested: Double?
        for key in Self.keys { nested = try reader.optional(key)?.optional("rope_theta")?.decimal() ?? nested }
        if let top, let nested, top != nested {
            throw TransformerError(
                .invalidConfig,
                "\(reader.file): rope_theta is \(top) at the top but \(nested) in rope_parameters; keep one of them.")
        }
        return nested ?? top ?? 10_000
    }

    /// The scaling of either dialect; a folder may write both if they say the same.
    func ropeScaling(_ preset: Preset) throws(TransformerError) -> RotaryScaling? {
        try refusePartialRotation(reader, "")
        var found: [RotaryScaling?] = []
        for key in Self.keys {
            guard let rope = try reader.optional(key) else { continue }
            for member in try rope.members() {
                guard case .object = member.value else { continue }
                throw unsupported("\(key).\(member.key.text)", "an object", "use one rope for all layers")
            }
            try refusePartialRotation(rope, key + ".")
            found.append(try scaling(rope, key, preset))
        }
        if let first = found.first, let last = found.last, first != last {
            throw TransformerError(
                .invalidConfig, "\(reader.file): rope_scaling and rope_parameters differ; keep one of them.")
        }
        return found.first ?? nil
    }

    private func refusePartialRotation(_ place: JSONReader, _ path: String) throws(TransformerError) {
        if let factor = try place.optional("partial_rotary_factor")?.decimal(), factor != 1 {
            throw unsupported(path + "partial_rotary_factor", "\(factor)", "use a model that rotates whole heads")
        }
    }

    private func scaling(
        _ rope: JSONReader, _ key: String, _ preset: Preset
    ) throws(TransformerError) -> RotaryScaling? {
        let (new, old) = (try rope.optional("rope_type")?.text(), try rope.optional("type")?.text())
        if let new, let old, new != old {
            throw TransformerError(
                .invalidConfig,
                "\(reader.file): \(key).rope_type is \"\(new)\" but \(key).type is \"\(old)\"; keep one of them.")
        }
        switch new ?? old {
        case nil:
            guard try rope.optional("factor") == nil else {
                throw unsupported(key, "a scaling without a type", "add rope_type")
            }
            return nil
        case "default": return nil
        case "linear": return .linear(factor: try rope.required("factor").decimal())
        case "llama3":
            // transformers moves this key here from the top, and takes the model's positions where it is in neither.
            let top = try reader.optional("original_max_position_embeddings")?.integer()
            let nested = try rope.optional("original_max_position_embeddings")?.integer()
            let preset = try maxPositionCount(preset)
            return .llama3(
                factor: try rope.required("factor").decimal(),
                lowFrequencyFactor: try rope.required("low_freq_factor").decimal(),
                highFrequencyFactor: try rope.required("high_freq_factor").decimal(),
                originalPositionCount: top ?? nested ?? preset)
        case let type?:
            throw unsupported(
                "\(key).\(new == nil ? "type" : "rope_type")", "\"\(type)\"",
                "use a model whose rope is default, linear or llama3")
        }
    }
}
