import AgonAgents
import AgonTransformer
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
        if FileManager.default.fileExists(atPath: text) {
            if let complaint = complaint(text, kinds) { throw TournamentError(.configuration, complaint) }
            return text
        }
        let known = kinds.flatMap { paths($0) }
        let named = known.filter { Catalog.name(of: $0) == text }
        if named.count > 1 {
            throw TournamentError(.configuration, "`\(text)` could be \(named.joined(separator: " or ")): give the path.")
        }
        if let path = named.first { return path }
        throw TournamentError(.configuration, "\(text) does not exist: \(hint(text, known, kinds))")
    }

    /// Why a folder is none of the kinds: what it is, and a file that could be meant. Nil where it may be one.
    private func complaint(_ path: String, _ kinds: [Kind]) -> String? {
        guard let wanted = kinds.first, !kinds.contains(where: \.isFolder), Catalog.isFolder(path) else { return nil }
        let things = (try? things(at: path)) ?? []
        let single = things.first { Catalog.standardized($0.path) == Catalog.standardized(path) }?.kind
        let files = paths(wanted)
        let name = AgentConfiguration.name(ofFolder: path)
        let host = single == .agent ? files.first { (try? ArenaConfiguration(file: $0))?.agentNames.contains(name) == true } : nil
        let sentence = "\(path) is \(single?.noun ?? "a folder"), not \(wanted.noun): type the path of a file"
        guard let example = host ?? files.first else { return sentence + " in \(folder(wanted))/." }
        return sentence + ", such as `\(example)`" + (host == nil ? "." : ", in which \(name) plays.")
    }

    /// A path from the current folder as a file in `folder` has to name it: relative to that folder where it leads
    /// to something in the project, which may then be moved or copied as a whole; else absolute.
    func path(_ path: String, seenFrom folder: String) -> String {
        func parts(_ path: String) -> [String] {
            URL(fileURLWithPath: path).standardizedFileURL.path.split(separator: "/").map(String.init)
        }
        let (target, origin, project) = (parts(path), parts(folder), parts(root.isEmpty ? "." : root))
        guard target.starts(with: project), origin.starts(with: project) else { return "/" + target.joined(separator: "/") }
        let shared = zip(target, origin).prefix { $0 == $1 }.count
        return (Array(repeating: "..", count: origin.count - shared) + target[shared...]).joined(separator: "/")
    }

    private func hint(_ text: String, _ known: [String], _ kinds: [Kind]) -> String {
        let folder = text.parentFolder
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
