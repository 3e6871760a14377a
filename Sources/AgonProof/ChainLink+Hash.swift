public import AgonCore

extension ChainLink {
    /// What a chain begins with: the run, the agent and the weights that it came with. Also what a run's statements begin
    /// with, where there is no agent.
    public static func genesis(run: String, agent: String, base: String) -> String {
        var bytes = CanonicalBytes(tag: "agon.chain.1")
        for text in [run, agent, base] { bytes.add(text) }
        return Hexadecimal.text(bytes.hash)
    }

    /// The fields by name, in the order in which they are hashed; settings as `configuration.NAME`.
    public var fields: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        func add(_ name: String, _ value: String) { fields.append((name, value)) }
        add("run", run)
        add("agent", agent)
        add("round", String(round))
        add("position", String(position))
        add("parent_version", String(parentVersion))
        add("parent", parent)
        add("base", base)
        add("form", form)
        add("manifest", manifest)
        add("item_count", String(itemCount))
        for (name, value) in configuration.sorted(by: { $0.key < $1.key }) { add("configuration.\(name)", value) }
        add("seed", seed)
        add("kernels", kernels)
        add("engine", String(engine))
        add("product", product)
        add("child", child ?? "")
        add("plays_version", String(playsVersion))
        add("plays", plays)
        add("previous", previous)
        return fields
    }

    /// SHA-256 over all fields with their names.
    public var hash: String {
        var bytes = CanonicalBytes(tag: "agon.link.1", capacity: 2048)
        bytes.add(configuration.count)
        for (name, value) in fields {
            bytes.add(name)
            bytes.add(value)
        }
        return Hexadecimal.text(bytes.hash)
    }

    /// The fields in which another link differs from this one.
    public func differences(from other: ChainLink) -> [(field: String, own: String, other: String)] {
        let theirs = Dictionary(other.fields.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let known = Set(fields.map(\.name))
        let changed = fields.compactMap { field -> (field: String, own: String, other: String)? in
            let value = theirs[field.name] ?? ""
            return value == field.value ? nil : (field.name, field.value, value)
        }
        return changed + other.fields.filter { !known.contains($0.name) }.map { ($0.name, "", $0.value) }
    }
}

extension RoundStatement {
    /// SHA-256 over all fields.
    public var hash: String {
        var bytes = CanonicalBytes(tag: "agon.round.1", capacity: 1024)
        bytes.add(run)
        bytes.add(round)
        bytes.add(signature)
        for number in [roomCount, rolloutCount, pairCount] { bytes.add(number) }
        for root in [roomsRoot, rolloutsRoot, pairsRoot] { bytes.add(root) }
        bytes.add(links.count)
        for link in links { bytes.add(link) }
        bytes.add(previous)
        return Hexadecimal.text(bytes.hash)
    }
}
