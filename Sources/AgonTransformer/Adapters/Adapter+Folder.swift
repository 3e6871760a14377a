import Foundation

/// An adapter's folder as PEFT lays it out: `adapter_config.json` and `adapter_model.safetensors`.
extension Adapter {
    private static let configName = "adapter_config.json"
    private static let weightsName = "adapter_model.safetensors"
    private static let prefix = "base_model.model."

    /// Whether a folder holds an adapter rather than a whole model.
    public static func isAdapterFolder(_ path: String) -> Bool { DurableFile.exists("\(path)/\(configName)") }

    /// Reads a folder, which is untrusted: everything is checked before memory for the matrices is taken.
    ///
    /// - Parameter baseConfig: the sizes of the base that the adapter is to change.
    /// - Throws: `invalidFile`, `invalidConfig`, `invalidTensor` or `unsupported`, one sentence that names the file.
    public static func load(_ path: String, for baseConfig: ModelConfig) throws(TransformerError) -> Adapter {
        let configFile = "\(path)/\(configName)"
        guard isAdapterFolder(path) else {
            throw TransformerError(
                .invalidFile, "\(configFile) is missing; name the folder of an adapter in PEFT's layout.")
        }
        let config = try AdapterConfig.read(configFile)
        let targets: [AdapterTarget]
        do {
            targets = try config.resolve(baseConfig, isStrict: false)
        } catch {
            throw TransformerError(error.code, "\(configFile): \(error.message)", underlying: error.underlying)
        }
        let weights = "\(path)/\(weightsName)"
        guard DurableFile.exists(weights) else {
            let legacy = DurableFile.exists("\(path)/adapter_model.bin")
            throw TransformerError(
                legacy ? .unsupported : .invalidFile,
                legacy
                    ? "\(path)/adapter_model.bin cannot be read; save the adapter as \(weightsName)."
                    : "\(weights) is missing; put the adapter's weights there.")
        }
        let file = try SafetensorsFile(path: weights)
        let layout = AdapterLayout(targets, usesMagnitudes: config.usesMagnitudes, baseConfig)
        try check(file, layout)
        let adapter = Adapter(zeros: config, baseConfig, layout)
        for tensor in layout.tensors { try adapter.read(tensor, from: file) }
        return adapter
    }

    private static func check(_ file: SafetensorsFile, _ layout: AdapterLayout) throws(TransformerError) {
        for tensor in layout.tensors {
            guard let found = file[prefix + tensor.name] else {
                throw TransformerError(
                    .invalidTensor,
                    "\(file.path): tensor \(prefix)\(tensor.name) is missing; use weights that match \(configName).")
            }
            let shape = tensor.isTransposedInFiles ? tensor.shape.reversed() : tensor.shape
            guard found.shape == shape else {
                throw TransformerError(
                    .invalidTensor,
                    "\(file.path): tensor \(found.name) has shape \(found.shape), but the base model and "
                        + "\(configName) ask for \(shape); use the base that the adapter was trained on.")
            }
        }
        for found in file.tensors {
            guard found.name.hasPrefix(prefix), layout[String(found.name.dropFirst(prefix.count))] != nil else {
                throw TransformerError(
                    .invalidTensor,
                    "\(file.path): tensor \(found.name) belongs to no targeted layer of the model; "
                        + "use weights that match \(configName).")
            }
        }
    }

    private func read(_ tensor: ParameterLayout.Tensor, from file: SafetensorsFile) throws(TransformerError) {
        let name = Self.prefix + tensor.name
        let read = try file.floats(name)
        if let index = read.firstIndex(where: { !$0.isFinite }) {
            throw TransformerError(
                .invalidTensor,
                "\(file.path): tensor \(name) holds \(read[index]) at element \(index); "
                    + "use weights from before the training diverged.")
        }
        let memory = memory(of: tensor)
        guard tensor.isTransposedInFiles else {
            _ = memory.update(fromContentsOf: read)
            return
        }
        let (rank, outputs) = (tensor.shape[0], tensor.shape[1])
        for row in 0..<rank { for column in 0..<outputs { memory[row * outputs + column] = read[column * rank + row] } }
    }

    /// Writes the folder as PEFT reads it; it appears whole or not at all. Equal adapters give equal bytes.
    ///
    /// - Parameters:
    ///   - path: the folder to make; an older one of that name is replaced.
    ///   - baseModel: where the base lies, for `base_model_name_or_path`; nil leaves it null.
    ///   - extraFiles: further files by name, such as the record of the update that made a checkpoint.
    /// - Throws: `invalidFile` when the disk refuses.
    public func save(
        to path: String, baseModel: String? = nil, extraFiles: [String: [UInt8]] = [:]
    ) throws(TransformerError) {
        try DurableFile.writeFolder(to: path) { (folder) throws(TransformerError) in
            try DurableFile.write(
                JSONWriter.pretty(config.json(baseModel: baseModel)), to: "\(folder)/\(Self.configName)")
            try writeWeights(to: "\(folder)/\(Self.weightsName)")
            for (name, bytes) in extraFiles.sorted(by: { $0.key < $1.key }) {
                try DurableFile.write(bytes, to: "\(folder)/\(name)")
            }
        }
    }

    private func writeWeights(to path: String) throws(TransformerError) {
        let turned = zeroAdapter()
        var sources: [SafetensorsSource] = []
        for tensor in layout.tensors {
            var shape = tensor.shape
            let (from, into) = (memory(of: tensor), turned.memory(of: tensor))
            if tensor.isTransposedInFiles {
                let (rank, outputs) = (shape[0], shape[1])
                shape = [outputs, rank]
                for row in 0..<rank {
                    for column in 0..<outputs { into[column * rank + row] = from[row * outputs + column] }
                }
            } else {
                _ = into.update(fromContentsOf: from)
            }
            sources.append(
                SafetensorsSource(name: Self.prefix + tensor.name, shape: shape, values: UnsafeBufferPointer(into)))
        }
        try withExtendedLifetime(turned) { () throws(TransformerError) in
            try SafetensorsFile.write(sources, to: path)
        }
    }
}
