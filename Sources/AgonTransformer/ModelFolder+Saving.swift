extension ModelFolder {
    /// Writes the folder as Hugging Face transformers reads it; it appears whole or not at all.
    ///
    /// The files are written into a sibling folder, synced and renamed into place. An existing folder of that name is
    /// replaced. Equal models give equal bytes. Weights are written as float32, whatever they were read from; a
    /// `config.json` that was read keeps its dialect and all its other keys.
    ///
    /// - Parameters:
    ///   - path: the folder to make; its parent folders are made as needed.
    ///   - extraFiles: further files by name, such as the record of the update that made a checkpoint.
    /// - Throws: `invalidFile` when the disk refuses.
    public func save(to path: String, extraFiles: [String: [UInt8]] = [:]) throws(TransformerError) {
        try DurableFile.writeFolder(to: path) { (folder) throws(TransformerError) in
            try DurableFile.write(JSONWriter.pretty(savedConfigJSON()), to: "\(folder)/config.json")
            if !hasCompanion("generation_config.json") {
                try DurableFile.write(
                    JSONWriter.pretty(config.generationConfigJSON()), to: "\(folder)/generation_config.json")
            }
            let sources = parameters.layout.tensors.map {
                SafetensorsSource(
                    name: $0.name, shape: $0.shape, values: UnsafeBufferPointer(parameters.memory(of: $0)))
            }
            try withExtendedLifetime(parameters) { () throws(TransformerError) in
                try SafetensorsFile.write(sources, to: "\(folder)/model.safetensors")
            }
            try tokenizer.save(to: "\(folder)/tokenizer.json")
            if !hasCompanion("tokenizer_config.json") {
                try DurableFile.write(JSONWriter.pretty(tokenizerConfigJSON()), to: "\(folder)/tokenizer_config.json")
            }
            for companion in companions { try DurableFile.write(companion.bytes, to: "\(folder)/\(companion.name)") }
            for (name, bytes) in extraFiles.sorted(by: { $0.key < $1.key }) {
                try DurableFile.write(bytes, to: "\(folder)/\(name)")
            }
        }
    }

    private func hasCompanion(_ name: String) -> Bool { companions.contains { $0.name == name } }

    private func savedConfigJSON() -> JSONValue {
        guard case .object(let members) = document else { return config.configJSON() }
        return .object(
            members.map { member in
                let isType = ["dtype", "torch_dtype"].contains(member.key.text)
                return isType ? JSONMember(member.key.text, .string(ByteString("float32"))) : member
            })
    }

    /// The smallest `tokenizer_config.json` with which transformers' AutoTokenizer reads `tokenizer.json`.
    private func tokenizerConfigJSON() -> JSONValue {
        var members: [JSONMember] = []
        func add(_ key: String, _ id: Int32?) {
            guard let id, let token = tokenizer.token(id) else { return }
            members.append(JSONMember(key, .string(ByteString(token))))
        }
        add("bos_token", config.bosToken)
        add("eos_token", config.eosTokens.first)
        add("pad_token", config.padToken)
        members += [
            JSONMember("clean_up_tokenization_spaces", .bool(false)),
            JSONMember("model_max_length", .integer(config.maxPositionCount)),
            JSONMember("tokenizer_class", .string(ByteString("PreTrainedTokenizerFast"))),
        ]
        return .object(members)
    }
}
