import AgonAgents
import AgonStore

/// Who votes, and on what.
public struct VotingOptions: Sendable {
    /// What the votes are kept under: a label, and all that is known of the person.
    public var person: String
    /// Pairs to ask about at most.
    public var count: Int
    /// Decides which pairs come first, for all people alike, and which answer is shown first, for each person apart.
    public var seed: UInt64
    /// One agent: pairs with an answer of it. Several: pairs of which both answers are theirs. None: all pairs.
    public var agents: [String]
    /// Whether only pairs are wanted on which the judge was undecided, or judges or people disagree.
    public var isContestedOnly: Bool

    public init(person: String, count: Int = 30, seed: UInt64 = 1, agents: [String] = [], isContestedOnly: Bool = false) {
        self.person = person
        self.count = count
        self.seed = seed
        self.agents = agents
        self.isContestedOnly = isContestedOnly
    }

    /// Whether they ask for a pair.
    func want(_ pair: VotablePair) -> Bool {
        guard pair.isContested || !isContestedOnly else { return false }
        return switch agents.count {
        case 0: true
        case 1: pair.agents.contains(agents[0])
        default: pair.agents.allSatisfy(agents.contains)
        }
    }

    /// - Throws: `configuration` for a name that would be taken for something else, and for an agent that the run lacks.
    func check(judges: [String], entrants: [String]) throws(TournamentError) {
        let shown = DisplayText.name(person)
        guard !person.isEmpty, shown == person, !person.contains(where: \.isWhitespace) else {
            throw TournamentError(
                .configuration, "`\(shown)` cannot be a voter's name: give at most 40 visible characters without spaces with --name.")
        }
        guard person != PairFilter.everybody else {
            throw TournamentError(.configuration, "`\(person)` stands for all people: give another name with --name.")
        }
        guard !judges.contains(person) else {
            throw TournamentError(.configuration, "`\(person)` is a judge of this run: give another name with --name.")
        }
        for agent in agents where !entrants.contains(agent) {
            let hint = NearestName.of(agent, among: entrants).map { "did you mean `\($0)`?" }
                ?? "there are \(entrants.joined(separator: ", "))."
            throw TournamentError(.configuration, "no agent `\(DisplayText.name(agent))` plays in this run: \(hint)")
        }
    }
}
