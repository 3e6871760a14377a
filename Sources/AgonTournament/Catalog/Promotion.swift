import AgonAgents
import AgonTransformer
import Foundation

/// An agent's folder that starts from a version which a run made of it, and the way back.
///
/// The version's checkpoint is copied into the folder and `agent.yaml` is pointed at it, so that runs from then on begin
/// with it. `promotions.jsonl` beside it keeps what was there before.
public struct Promotion: Sendable, Hashable, Codable {
    /// One line of `promotions.jsonl`.
    private struct Entry: Codable {
        var run: String?
        var version: Int?
        var hash: String?
        /// The key of `agent.yaml` that was changed: `model` or `adapter`.
        var key: String
        /// What it says since; nil where it was taken out.
        var value: String?
        /// What it said before; nil where it was not there.
        var previous: String?
        /// The whole line of it, to be put back; nil where it was not there.
        var line: String?
        /// Whether this line took the promotion before it back.
        var isRollback: Bool
    }

    /// The agent's folder.
    public var folder: String
    /// The key of `agent.yaml` that was changed, what it said and what it says; nil where it is not there.
    public var key: String
    public var previous: String?
    public var value: String?

    /// Lets an agent start from a version.
    ///
    /// - Parameter version: of a run; not version 0, which is what it starts from already.
    /// - Throws: `TournamentError` or `AgentError`, one sentence; nothing is changed then.
    public init(_ version: VersionListing.Version, of listing: VersionListing, in catalog: Catalog) throws {
        let folder = try Promotion.agentFolder(listing.agent, catalog)
        guard !version.hash.isEmpty else {
            throw TournamentError(.configuration, "\(listing.agent) has no weights: only agents that learn have versions to promote.")
        }
        guard version.version > 0 else {
            throw TournamentError(.configuration, "\(listing.agent)@v0 is what \(folder) came with: `agon rollback \(listing.agent)` takes a promotion back.")
        }
        guard FileManager.default.fileExists(atPath: version.path) else {
            throw TournamentError(.inconsistent, "\(version.path) is gone, so \(listing.agent)@v\(version.version) cannot be promoted: restore the folder or run the arena again.")
        }
        guard try FileHash.weights(in: version.path) == version.hash else {
            throw TournamentError(.inconsistent, "the weights in \(version.path) are not what the database recorded for \(listing.agent)@v\(version.version): restore the folder.")
        }
        let name = "\(listing.run)-v\(version.version)-\(version.hash.prefix(8))"
        let target = folder + "/promoted/" + name
        try Promotion.copy(version.path, to: target)
        (self.folder, key, value) = (folder, Adapter.isAdapterFolder(version.path) ? "adapter" : "model", "promoted/" + name)
        let before = try Promotion.edit(folder, key: key, line: value.map { "\(key): \(YAMLText.scalar($0))" })
        previous = before.value
        try Promotion.append(
            Entry(
                run: listing.run, version: version.version, hash: version.hash, key: key, value: value, previous: previous,
                line: before.line, isRollback: false), folder)
    }

    /// Takes the last promotion back that still holds.
    /// - Throws: `configuration` where there is none, or where `agent.yaml` was edited since.
    public init(rollingBack agent: String, in catalog: Catalog) throws {
        let folder = try Promotion.agentFolder(agent, catalog)
        var standing: [Entry] = []
        for entry in try Promotion.entries(folder) {
            if entry.isRollback { _ = standing.popLast() } else { standing.append(entry) }
        }
        guard let last = standing.last else {
            throw TournamentError(.configuration, "\(folder) has no promotion to take back: `agon promote \(agent)@vN` makes one.")
        }
        guard try Promotion.value(of: last.key, folder) == last.value else {
            throw TournamentError(.configuration, "\(folder)/agent.yaml was edited since the promotion: `\(last.key)` was \(last.value ?? "absent") then. Edit it by hand.")
        }
        (self.folder, key, previous, value) = (folder, last.key, last.value, last.previous)
        _ = try Promotion.edit(folder, key: last.key, line: last.line)
        try Promotion.append(
            Entry(key: last.key, value: last.previous, previous: last.value, isRollback: true), folder)
    }

    /// One sentence for people.
    public var sentence: String {
        let before = previous.map { "instead of \($0)" } ?? "where it had none"
        guard let value else { return "\(folder) has no `\(key)` any more, \(before)." }
        return "\(folder) has `\(key): \(value)` now, \(before). The next run begins with it."
    }

    private static func agentFolder(_ agent: String, _ catalog: Catalog) throws(TournamentError) -> String {
        try catalog.path(of: agent, among: [.agent])
    }

    /// Copies a checkpoint; it appears under its name complete, or not at all.
    private static func copy(_ source: String, to target: String) throws {
        let manager = FileManager.default
        guard !manager.fileExists(atPath: target) else { return }
        try manager.createDirectory(atPath: target.parentFolder, withIntermediateDirectories: true)
        let staging = target.parentFolder + "/.copy-\(ProcessInfo.processInfo.processIdentifier)"
        do {
            try manager.copyItem(atPath: source, toPath: staging)
            try manager.moveItem(atPath: staging, toPath: target)
        } catch {
            try? manager.removeItem(atPath: staging)
            throw error
        }
    }

    private static func value(of key: String, _ folder: String) throws -> String? {
        let text = try TextFile.read(folder + "/agent.yaml", limit: ConfigurationReader.byteLimit)
        let reader = try ConfigurationReader(text: text, file: folder + "/agent.yaml", section: AgentConfiguration.section)
        return reader.has(key) ? try reader.text(key) : nil
    }

    /// Changes one key of `agent.yaml` and nothing else in it.
    ///
    /// - Parameter line: what stands there then; nil takes the key out.
    /// - Returns: what the key said before, and its line.
    private static func edit(_ folder: String, key: String, line: String?) throws -> (value: String?, line: String?) {
        let file = folder + "/agent.yaml"
        let text = try TextFile.read(file, limit: ConfigurationReader.byteLimit)
        let reader = try ConfigurationReader(text: text, file: file, section: AgentConfiguration.section)
        let previous = reader.has(key) ? try reader.text(key) : nil
        // For Swift a CR LF is one character, in which there is no LF.
        let end = text.contains("\r\n") ? "\r\n" : "\n"
        var lines = text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var old: String?
        if previous != nil {
            let index = reader.line(of: key) - 1
            guard lines.indices.contains(index), lines[index].hasPrefix("\(key):") else {
                throw reader.error(key, "`\(key)` does not stand on a line of its own, so it is not changed: write each key on its own line.")
            }
            old = lines[index]
            lines.replaceSubrange(index...index, with: line.map { [$0] } ?? [])
        } else if let line {
            if lines.last == "" { lines.removeLast() }
            lines += [line, ""]
        }
        let edited = lines.joined(separator: end)
        _ = try AgentConfiguration(text: edited, folder: folder)
        try Data(edited.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        return (previous, old)
    }

    private static func entries(_ folder: String) throws -> [Entry] {
        let path = folder + "/promotions.jsonl"
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try TextFile.read(path, limit: 1 << 24).split(separator: "\n").enumerated().map { index, line in
            do {
                return try JSONDecoder().decode(Entry.self, from: Data(line.utf8))
            } catch {
                throw TournamentError(.inconsistent, "\(path):\(index + 1) is no promotion: correct or remove the line.", underlying: error)
            }
        }
    }

    private static func append(_ entry: Entry, _ folder: String) throws {
        let path = folder + "/promotions.jsonl"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let known = FileManager.default.fileExists(atPath: path) ? try TextFile.read(path, limit: 1 << 24) : ""
        let line = String(decoding: try encoder.encode(entry), as: UTF8.self) + "\n"
        try Data((known + line).utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
