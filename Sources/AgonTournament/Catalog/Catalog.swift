import AgonAgents
import Foundation

/// What lies in a project's folder: agents, arenas, judges and pretraining files.
public struct Catalog: Sendable {
    /// The kinds of things that a project is made of.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case agent, arena, judge, pretraining

        /// The folder that holds them.
        public var folder: String {
            switch self {
            case .agent: "agents"
            case .arena: "arenas"
            case .judge: "judges"
            case .pretraining: "pretraining"
            }
        }

        /// Whether each is a folder; the others are YAML files.
        var isFolder: Bool { self == .agent || self == .judge }

        /// The word with its article.
        var noun: String { self == .pretraining ? "a pretraining file" : self == .judge ? "a judge" : "an \(rawValue)" }
    }

    /// The project's folder; empty for the current one.
    public let root: String

    public init(root: String = "") { self.root = root }

    /// Where the things of a kind lie.
    public func folder(_ kind: Kind) -> String { root.isEmpty ? kind.folder : root + "/" + kind.folder }

    /// Paths of all things of a kind, sorted. Empty where the folder is missing.
    public func paths(_ kind: Kind) -> [String] { Catalog.paths(kind, in: folder(kind)) }

    static func paths(_ kind: Kind, in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().filter { name in
            guard !name.hasPrefix(".") else { return false }
            return kind.isFolder ? isFolder(folder + "/" + name) : isYAML(name)
        }.map { folder + "/" + $0 }
    }

    /// The name that a path's thing goes by: its last component without `.yaml`.
    public static func name(of path: String) -> String {
        let last = (path as NSString).lastPathComponent
        return isYAML(last) ? (last as NSString).deletingPathExtension : last
    }

    /// The path that a person means: a path that exists, or the name of something in the catalog.
    /// - Throws: `configuration`, with the nearest name there is.
    public func path(of text: String, among kinds: [Kind] = Kind.allCases) throws(TournamentError) -> String {
        if FileManager.default.fileExists(atPath: text) { return text }
        let known = kinds.flatMap { paths($0) }
        let named = known.filter { Catalog.name(of: $0) == text }
        if named.count > 1 {
            throw TournamentError(.configuration, "`\(text)` could be \(named.joined(separator: " or ")): give the path.")
        }
        if let path = named.first { return path }
        throw TournamentError(.configuration, "\(text) does not exist: \(hint(text, known, kinds))")
    }

    private func hint(_ text: String, _ known: [String], _ kinds: [Kind]) -> String {
        let folder = (text as NSString).deletingLastPathComponent
        let siblings = folder.isEmpty ? [] : ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { !$0.hasPrefix(".") }.map { folder + "/" + $0 }
        for candidates in [siblings, known] {
            let byName = Dictionary(candidates.map { (Catalog.name(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
            if let nearest = NearestName.of(Catalog.name(of: text), among: Array(byName.keys)), let path = byName[nearest] {
                return "did you mean `\(path)`?"
            }
        }
        guard !known.isEmpty else { return "there is no \(kinds[0].folder) folder here with anything in it." }
        let names = known.prefix(8).joined(separator: ", ")
        return "there are \(names)\(known.count > 8 ? " and \(known.count - 8) more" : "")."
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    static func isYAML(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.hasSuffix(".yml") }
}
