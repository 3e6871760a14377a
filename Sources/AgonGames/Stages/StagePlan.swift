public import AgonCore

/// The stages in which every table of an arena is played. Each stage is a room of its own, with rollouts and a ranking.
public enum StagePlan: Sendable, Hashable {
    /// All answer, then all criticise or answer again; the last room is rated.
    case discussion(StageProtocol)
    /// Every seat makes up a question, as `instruction` says and with the table's prompt for an example; all others answer
    /// it. Every room of answers is rated.
    case proposals(instruction: String)

    /// The most rooms that a table becomes.
    public var roomLimit: Int {
        switch self {
        case .discussion(let stages): stages.stages.count
        case .proposals: 1 + StageProtocol.seatLimit
        }
    }

    /// The fewest seats of a table: critics choose between two others, and two answer each proposal.
    public var leastSeatCount: Int {
        switch self {
        case .discussion(let stages): stages.stages.contains { $0.kind == .critique } ? 3 : 2
        case .proposals: 3
        }
    }

    /// Everything that a policy is shown beside prompts and outputs.
    public var texts: [String] {
        switch self {
        case .discussion(let stages): stages.stages.map(\.instruction) + [StageProtocol.marks]
        case .proposals(let instruction): [instruction]
        }
    }

    /// What a proposer is asked: the instruction, and an example as a proposal is written.
    public static func proposalQuestion(_ example: Prompt, instruction: String) -> String {
        [instruction, example.text + (example.reference ?? "")].filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
    }
}
