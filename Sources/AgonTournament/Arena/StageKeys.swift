import AgonAgents
import AgonCore
import AgonGames

/// The keys of `stages`, and how they become a plan.
enum StageKeys {
    static let section = Section(
        "stages",
        [
            Key("order", .list(default: []), "What is asked, one after the other. `[answer, critique, final]`: all answer, all name the best of the others' answers, all answer again; any such order of at most \(stageLimit) that begins with `answer` and does not end with `critique`. `[propose, solve]`: everybody makes up a question of the arena's `task`, which all others answer. Each stage shows exactly what the others said at the one before, without names and shuffled. Only the last is rated; all teach. Gate and evaluation ask for one answer; `agon pairs` and judges that are trained read first answers and solutions."),
            Key("critique", .text(default: "Say what is wrong in these answers, then name the best, for example [[A]]."), "critique: what follows the quoted answers. A critic earns 1 by naming a right answer (without gold, one that the judge ranked first), 0 otherwise."),
            Key("final", .text(default: "This is what the others said. Give your final answer."), "final: what follows the quotes."),
            Key("propose", .text(default: "Write another question with its answer, in the form of this one:"), "propose: what stands before the example. A proposer earns 4·p·(1 − p) by the share p of right answers; a question that is none of the task's, whose own answer is wrong, or that is held out, is void: nobody is asked."),
        ])

    private static let stageLimit = 8

    static func read(_ reader: ConfigurationReader) throws -> StagePlan? {
        let names = try reader.list("order")
        guard !names.isEmpty else {
            try reader.refuse(["critique", "final", "propose"], belongingTo: "`order`")
            return nil
        }
        let kinds = try names.map { name in
            guard let kind = StageKind(rawValue: name) else {
                let hint = NearestName.of(name, among: StageKind.allCases.map(\.rawValue)).map { "did you mean `\($0)`?" }
                throw reader.error("order", "there is no stage `\(name)`: \(hint ?? "known are \(StageKind.allCases.map(\.rawValue).joined(separator: ", ")).")")
            }
            return kind
        }
        for kind in [StageKind.critique, .final, .propose] where !kinds.contains(kind) {
            try reader.refuse([kind.rawValue], belongingTo: "an `order` with `\(kind.rawValue)`")
        }
        if kinds == [.propose, .solve] { return .proposals(instruction: try reader.text("propose")) }
        guard (2...stageLimit).contains(kinds.count), kinds[0] == .answer, kinds.last != .critique,
            !kinds.dropFirst().contains(.answer), !kinds.contains(.propose), !kinds.contains(.solve), !zip(kinds, kinds.dropFirst()).contains(where: { $0 == .critique && $1 == .critique })
        else {
            throw reader.error("order", "this order is none: use `[propose, solve]`, or 2 to \(stageLimit) stages that begin with `answer` and do not end with `critique`, whose critics follow answers.")
        }
        return .discussion(
            StageProtocol(stages: try kinds.map { kind in
                .init(kind, instruction: kind == .answer ? "" : try reader.text(kind.rawValue))
            }))
    }
}
