import AgonConnections
import AgonCore
import AgonJudging
import Foundation

/// A judge's folder with `kind: command`: which program judges, and what it may use.
public struct CommandConfiguration: Sendable {
    private let command: [String]
    /// Where it runs.
    private let folder: String
    private let seesReference: Bool
    private let tieMargin: Double
    private let timeout: Double
    private let restartLimit: Int
    private let variables: [String]
    private let log: String?
    private let limits: ProgramLimits
    private let isIsolated: Bool
    private let visible: [String]
    private let sealing: ProgramSealing
    private let environmentPlace: String
    /// What of it decides a verdict beside its files; not how long it may take, nor where this machine keeps things.
    let decidingText: String
    /// The files that decide its verdicts, as far as they can be told: all that a sealed program is given, else those
    /// that its command names.
    public let files: [String]

    /// The most that a sealed program's files may hold together, in bytes.
    static let fileLimit = 16 << 20

    /// What is run, in words.
    public var sentence: String {
        "`\(command.joined(separator: " "))`" + (isIsolated ? "" : " with the machine as its user has it")
    }

    var sealingSentence: String? { isIsolated ? Isolation.sealed.sentence : nil }

    /// - Parameter reader: of a section with the keys of `kind: command`.
    /// - Parameter folder: the judge's folder.
    /// - Throws: `AgentError`, one sentence naming file and line.
    init(_ reader: ConfigurationReader, folder judge: String) throws {
        let reading = ProgramJudgeReading(reader: reader, folder: judge)
        command = try reading.command()
        guard !command.isEmpty else { throw reader.error("command", "name the program, such as [python3, judge.py].") }
        folder = RelativePath.absolute(RelativePath.resolved(try reader.text("folder"), in: judge))
        guard PathKind(folder) == .folder else { throw reader.error("folder", "there is no folder \(folder).") }
        seesReference = try reader.boolean("reference")
        tieMargin = try reader.number("tie_margin")
        timeout = try reader.number("timeout")
        restartLimit = try reader.integer("restarts")
        variables = try reader.list("environment")
        environmentPlace = reader.place("environment")
        let log = try reader.text("log")
        self.log = log.isEmpty ? nil : RelativePath.absolute(RelativePath.resolved(log, in: judge))
        isIsolated = try reader.boolean("isolated")
        if !isIsolated { try reader.refuse(["disk_mib", "visible", "isolation"], belongingTo: "`isolated: true`") }
        limits = ProgramLimits(
            cpuSeconds: nil, memoryMiB: try reading.limit("memory_mib"), processes: try reading.limit("processes"), files: nil,
            diskMiB: try reader.integer("disk_mib"))
        visible = try reading.visible()
        sealing = try ProgramSealing(reader)
        files = try isIsolated
            ? CommandConfiguration.given(folder, without: [judge + "/judge.yaml", self.log], reader)
            : CommandConfiguration.named(command, in: folder)
        decidingText = "command \(command) \(isIsolated) \(seesReference) \(tieMargin) \(variables) \(limits) \(try reader.list("visible"))"
    }

    /// The files beside one another that a sealed program is given. Folders and hidden files are left out.
    private static func given(_ folder: String, without others: [String?], _ reader: ConfigurationReader) throws -> [String] {
        let left = Set(others.compactMap { $0.map(RelativePath.absolute) })
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        let files = names.map { "\(folder)/\($0)" }.filter { path in
            !(path as NSString).lastPathComponent.hasPrefix(".") && !left.contains(path) && PathKind(path) == .file
        }
        let size = try files.reduce(0) { sum, path in
            sum + (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
        }
        guard size <= fileLimit else {
            throw reader.error("isolated", "\(folder) holds \(size >> 20) MiB of files, and a sealed program is given copies of them: keep larger ones in a folder of their own that `visible` names.")
        }
        return files
    }

    /// The files that a command names.
    private static func named(_ command: [String], in folder: String) -> [String] {
        command.enumerated().filter { $0.offset > 0 || $0.element.contains("/") }
            .map { RelativePath.resolved($0.element, in: folder) }.filter { PathKind($0) == .file }
    }

    /// The judge, whose program is started with its first question.
    /// - Throws: `AgentError` naming file and line where this machine lacks the program, a variable, or the means to
    ///   seal it.
    func judge(id: JudgeID, labels: PairLabels, pairing: AnswerPairing) throws -> any Judge {
        CommandJudge(
            id: id, needsReference: seesReference, tieMargin: tieMargin, labels: labels, pairing: pairing,
            program: JudgeProgram(try program(), seconds: timeout, restartLimit: restartLimit, errorFile: log))
    }

    private func program() throws -> Program {
        let given = Program.inherited(variables)
        if let missing = variables.first(where: { given[$0] == nil }) {
            throw AgentError(.badValue, "\(environmentPlace): the variable \(missing) is not set.")
        }
        var program: Program
        if isIsolated {
            var contents: [String: [UInt8]] = [:]
            for path in files { contents[(path as NSString).lastPathComponent] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
            program = Program(
                command, confinement: .sealed(files: contents, visible: visible), limits: limits, isolation: try sealing.isolation())
        } else {
            program = Program(command, confinement: .tethered(folder: folder), limits: limits)
        }
        program.environment.merge(given) { $1 }
        try sealing.check(program)
        return program
    }
}
