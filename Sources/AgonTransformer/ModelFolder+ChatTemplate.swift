extension ModelFolder {
    /// The folder's chat template, or nil where it has none.
    ///
    /// `chat_template.jinja` wins over the `chat_template` of `tokenizer_config.json`, which is one text or several with
    /// names. Of several, `tool_use` serves conversations with tools and `default` all others.
    ///
    /// - Parameter forTools: whether the conversation has tools.
    /// - Throws: `invalidTemplate`, `unsupported` or `invalidFile`, naming file and line.
    public func chatTemplate(forTools: Bool = false) throws(TransformerError) -> ChatTemplate? {
        let special = try specialSpellings()
        if let bytes = companion("chat_template.jinja") {
            guard let source = String(validating: bytes, as: UTF8.self) else {
                throw TransformerError(.invalidFile, "chat_template.jinja is not UTF-8; save it as UTF-8.")
            }
            return try ChatTemplate(source: source, name: "chat_template.jinja", specialTokens: special)
        }
        guard let config = try reader("tokenizer_config.json"),
            let source = try Self.template(config, forTools: forTools)
        else { return nil }
        return try ChatTemplate(
            source: source, name: "The chat_template of tokenizer_config.json", specialTokens: special)
    }

    /// The token that ends a text, as `tokenizer_config.json` names it (transformers' `tokenizer.eos_token`), which need not be
    /// one that the model stops at; where it names none, the first that the model stops at.
    ///
    /// - Throws: `invalidFile` for companion files that are broken.
    public func endToken() throws(TransformerError) -> Int32? {
        guard let spelling = try specialSpellings()["eos_token"], let id = tokenizer.id(of: spelling) else {
            return config.eosTokens.first
        }
        return id
    }

    private func companion(_ name: String) -> [UInt8]? { companions.first { $0.name == name }?.bytes }

    private func reader(_ name: String) throws(TransformerError) -> JSONReader? {
        guard let bytes = companion(name) else { return nil }
        return try JSONReader(bytes: bytes, file: name)
    }

    /// Special tokens by their roles, such as `eos_token`.
    private func specialSpellings() throws(TransformerError) -> [String: String] {
        var special: [String: String] = [:]
        for name in ["special_tokens_map.json", "tokenizer_config.json"] {
            guard let reader = try reader(name) else { continue }
            for name in ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"] {
                if let token = try Self.spelling(reader.optional(name)) { special[name] = token }
            }
        }
        return special
    }

    /// A token as text, or as an object with its content.
    private static func spelling(_ reader: JSONReader?) throws(TransformerError) -> String? {
        guard let reader else { return nil }
        if case .object = reader.value { return try reader.required("content").text() }
        return try reader.text()
    }

    private static func template(_ config: JSONReader, forTools: Bool) throws(TransformerError) -> String? {
        guard let reader = try config.optional("chat_template") else { return nil }
        guard case .array = reader.value else { return try reader.text() }
        var named: [String: String] = [:]
        for entry in try reader.elements() {
            named[try entry.required("name").text()] = try entry.required("template").text()
        }
        if forTools, let template = named["tool_use"] { return template }
        guard let template = named["default"] else {
            throw TransformerError(
                .invalidTemplate,
                "tokenizer_config.json has \(named.count) chat templates but none named \"default\"; name one so.")
        }
        return template
    }
}
