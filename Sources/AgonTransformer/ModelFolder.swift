import Dispatch
import Foundation

/// A Hugging Face model folder: config.json, weights as safetensors, tokenizer.json.
///
/// The folder is untrusted. Everything is checked before memory for the weights is taken, so that a hostile config
/// cannot ask for more than the weight files hold. Each fault is one sentence with the file, the tensor or line,
/// and what to do.
public struct ModelFolder: Sendable {
    /// The weights, with the sizes in `parameters.config`.
    public let parameters: Parameters
    /// Text to tokens and back.
    public let tokenizer: Tokenizer
    /// Files that are kept as they are when the model is saved again, such as the chat template.
    let companions: [(name: String, bytes: [UInt8])]
    /// `config.json` as it was read: saving keeps its dialect and the keys that only others read. Nil for a model
    /// made in memory, or whose config has changed since.
    let document: JSONValue?

    /// The sizes of the model.
    public var config: ModelConfig { parameters.config }

    private static let companionNames = [
        "generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja",
    ]

    /// A model made in memory, ready to be saved.
    ///
    /// - Throws: `invalidTokenizer` where the tokenizer has ids beyond the embedding's rows.
    public init(parameters: Parameters, tokenizer: Tokenizer) throws(TransformerError) {
        try Self.checkFit(tokenizer, parameters.config, "The tokenizer")
        self.init(parameters: parameters, tokenizer: tokenizer, companions: [], document: nil)
    }

    private init(
        parameters: Parameters, tokenizer: Tokenizer, companions: [(name: String, bytes: [UInt8])],
        document: JSONValue?
    ) {
        self.parameters = parameters
        self.tokenizer = tokenizer
        self.companions = companions
        self.document = document
    }

    /// The same tokenizer and companion files with other weights, such as those after an update.
    ///
    /// - Throws: `invalidTokenizer` where the tokenizer has ids beyond the new embedding's rows.
    public func replacing(_ parameters: Parameters) throws(TransformerError) -> ModelFolder {
        try Self.checkFit(tokenizer, parameters.config, "The tokenizer")
        return ModelFolder(
            parameters: parameters, tokenizer: tokenizer, companions: companions,
            document: parameters.config == config ? document : nil)
    }

    /// Reads a folder.
    ///
    /// - Parameter path: the folder; messages name files as `path/file`.
    /// - Throws: `invalidFile`, `invalidConfig`, `invalidTensor`, `invalidTokenizer` or `unsupported`.
    public static func load(_ path: String) throws(TransformerError) -> ModelFolder {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw TransformerError(.invalidFile, "The model folder \(path) does not exist; correct the path.")
        }
        guard isFolder.boolValue else {
            throw TransformerError(
                .invalidFile, "\(path) is a file, not a model folder; name the folder that holds config.json.")
        }
        let config = try ModelConfig.read(folder: path)
        let tokenizer = try Tokenizer.read("\(path)/tokenizer.json")
        try checkFit(tokenizer, config, "\(path)/tokenizer.json")
        let parameters = try loadParameters(path, config)
        var companions: [(name: String, bytes: [UInt8])] = []
        for name in companionNames where DurableFile.exists("\(path)/\(name)") {
            companions.append((name, try DurableFile.read("\(path)/\(name)", limit: 1 << 24)))
        }
        return ModelFolder(
            parameters: parameters, tokenizer: tokenizer, companions: companions,
            document: try ModelConfig.document(folder: path).value)
    }

    /// Reads the weights alone, for a folder without a tokenizer.
    ///
    /// - Throws: as `load`.
    public static func loadParameters(_ path: String) throws(TransformerError) -> Parameters {
        try loadParameters(path, ModelConfig.read(folder: path))
    }

    private static func loadParameters(_ path: String, _ config: ModelConfig) throws(TransformerError) -> Parameters {
        let files = try WeightFiles(folder: path)
        // A layout takes memory for each layer, even for thousands that a config only claims.
        guard config.layerCount <= 64 + files.places.count else {
            throw TransformerError(
                .invalidTensor,
                "\(files.path) has \(files.places.count) tensors, too few for the \(config.layerCount) layers of "
                    + "config.json; use weights that match config.json.")
        }
        let layout = ParameterLayout(config)
        try checkTensors(files, layout, config)
        let parameters = Parameters(unfilled: config)
        let failures = FirstFailure()
        // The first touch of the memory is most of the time, so that all cores share it.
        DispatchQueue.concurrentPerform(iterations: layout.tensors.count) { index in
            do throws(TransformerError) {
                try fill(layout.tensors[index], of: parameters, from: files)
            } catch {
                failures.record(error, at: index)
            }
        }
        if let failure = failures.first { throw failure }
        return parameters
    }

    private static func fill(
        _ tensor: ParameterLayout.Tensor, of parameters: Parameters, from files: WeightFiles
    ) throws(TransformerError) {
        guard let place = files[tensor.name] else { preconditionFailure("every tensor was found before") }
        let memory = parameters.memory(of: tensor)
        try place.file.read(place.tensor, into: memory)
        if let index = firstNonFinite(memory) {
            throw TransformerError(
                .invalidTensor,
                "\(place.file.path): tensor \(tensor.name) holds \(memory[index]) at element \(index); "
                    + "use weights from before the training diverged.")
        }
    }

    private static func checkTensors(
        _ files: WeightFiles, _ layout: ParameterLayout, _ config: ModelConfig
    ) throws(TransformerError) {
        let missing = layout.tensors.filter { files[$0.name] == nil }
        if let first = missing.first {
            let others = missing.count > 1 ? " and \(missing.count - 1) others are" : " is"
            let remedy =
                first.name == "lm_head.weight"
                ? "if the model ties its embeddings, set tie_word_embeddings to true in config.json"
                : "use weights that match config.json"
            throw TransformerError(.invalidTensor, "\(files.path): tensor \(first.name)\(others) missing; \(remedy).")
        }
        var surplus = files.places.filter { place in
            layout[place.tensor.name] == nil && !place.tensor.name.hasSuffix("rotary_emb.inv_freq")
        }
        if config.tiesEmbeddings, try headRepeatsEmbedding(files) {
            surplus.removeAll { $0.tensor.name == "lm_head.weight" }
        }
        if let first = surplus.first {
            let others = surplus.count > 1 ? " and \(surplus.count - 1) others are" : " is"
            let remedy =
                first.tensor.name == "lm_head.weight"
                ? "it differs from the embedding, so set tie_word_embeddings to false in config.json or remove it"
                : "use weights that match config.json"
            throw TransformerError(
                .invalidTensor,
                "\(first.file.path): tensor \(first.tensor.name)\(others) not part of the model; \(remedy).")
        }
        for tensor in layout.tensors {
            guard let place = files[tensor.name], place.tensor.shape != tensor.shape else { continue }
            throw TransformerError(
                .invalidTensor,
                "\(place.file.path): tensor \(tensor.name) has shape \(place.tensor.shape) but config.json asks for "
                    + "\(tensor.shape); use weights that match config.json.")
        }
    }

    /// Some tools write a tied head a second time; that is the same model as long as it is the same matrix.
    private static func headRepeatsEmbedding(_ files: WeightFiles) throws(TransformerError) -> Bool {
        guard let head = files["lm_head.weight"], let embedding = files["model.embed_tokens.weight"],
            head.tensor.type == embedding.tensor.type, head.tensor.shape == embedding.tensor.shape
        else { return false }
        return try head.file.withBytes(of: head.tensor) { (left) throws(TransformerError) in
            try embedding.file.withBytes(of: embedding.tensor) { (right) throws(TransformerError) in
                left.isEmpty || memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0
            }
        }
    }

    private static func checkFit(
        _ tokenizer: Tokenizer, _ config: ModelConfig, _ name: String
    ) throws(TransformerError) {
        guard tokenizer.idLimit > config.vocabularySize else { return }
        throw TransformerError(
            .invalidTokenizer,
            "\(name) has token id \(tokenizer.idLimit - 1) but the model has only \(config.vocabularySize) rows "
                + "(vocab_size); use the tokenizer that belongs to the model.")
    }

    /// The first element that is NaN or infinite: its exponent bits are all ones.
    private static func firstNonFinite(_ memory: UnsafeMutableBufferPointer<Float>) -> Int? {
        let mask: UInt32 = 0x7F80_0000
        var start = 0
        while start < memory.count {
            let end = min(start + 4096, memory.count)
            var greatest: UInt32 = 0
            for index in start..<end { greatest = max(greatest, memory[index].bitPattern & mask) }
            if greatest == mask { return (start..<end).first { !memory[$0].isFinite } }
            start = end
        }
        return nil
    }
}

/// The failure of the first of several things that were tried at once, whichever failed first.
// Safety: the lock guards the failure.
private final class FirstFailure: @unchecked Sendable {
    private let lock = NSLock()
    private var failure: (index: Int, error: TransformerError)?

    var first: TransformerError? { lock.withLock { failure?.error } }

    func record(_ error: TransformerError, at index: Int) {
        lock.withLock { if failure.map({ index < $0.index }) ?? true { failure = (index, error) } }
    }
}
