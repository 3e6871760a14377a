import AgonAgents
import AgonCore
import AgonRatings
import AgonStore

/// What ends a run before its last round. They are looked at when a round is closed, and decide nothing in it.
public struct StopRules: Sendable, Hashable {
    /// The whole width of an interval in Elo; nil is off.
    var intervalWidth: Double?
    /// A sequential test of one agent against another, all versions together.
    var test: (test: SequentialTest, agent: String, opponent: String)?
    var maxSeconds: Double?
    var maxTokens: Int?
    /// In the currency of the price lists.
    var maxCost: Double?

    init() {}

    public static func == (left: Self, right: Self) -> Bool {
        left.intervalWidth == right.intervalWidth && left.maxSeconds == right.maxSeconds && left.maxTokens == right.maxTokens
            && left.maxCost == right.maxCost
            && left.test?.test == right.test?.test && left.test?.agent == right.test?.agent
            && left.test?.opponent == right.test?.opponent
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(intervalWidth) }

    static let section = Section(
        "until",
        [
            Key("ci_width", .number(0...10_000, default: 0), unit: "Elo", "The run ends when the 95 % interval of every agent's rating is no wider than this from end to end; 0 is off. Agents that learn get a new version, and a new interval, with each promotion."),
            Key("sprt", .section(sequential), "The run ends when a sequential test between two agents is decided."),
            Key("max_seconds", .number(0...1e9, default: 0), unit: "s", "The run ends after the round in which its rounds have taken so long together; 0 is off."),
            Key("max_tokens", .integer(0...Int.max, default: 0), unit: "tokens", "The run ends after the round in which its agents have generated so many tokens; 0 is off."),
            Key("max_cost", .number(0...1e9, default: 0), unit: "price", "The run ends after the round in which endpoints, of agents and judges, have cost so much, by the prices in their files; 0 is off."),
        ])

    private static let sequential = Section(
        "until.sprt",
        [
            Key("agent", .text(default: ""), "Who is tested, by name."),
            Key("against", .text(default: ""), "Against whom. All games of one prompt or opening are one observation, in whichever round, so that few openings are never taken for many."),
        ] + SequentialKeys.keys)

    init(_ reader: ConfigurationReader) throws {
        let (width, seconds, tokens) = (try reader.number("ci_width"), try reader.number("max_seconds"), try reader.integer("max_tokens"))
        intervalWidth = width > 0 ? width : nil
        maxSeconds = seconds > 0 ? seconds : nil
        maxTokens = tokens > 0 ? tokens : nil
        let cost = try reader.number("max_cost")
        maxCost = cost > 0 ? cost : nil
        guard reader.has("sprt") else { return }
        let sprt = try reader.reader("sprt")
        test = (try SequentialKeys.read(sprt), try sprt.text("agent"), try sprt.text("against"))
    }

    /// Who is named must take part.
    func check(_ reader: ConfigurationReader, agents: [String]) throws {
        guard let test else { return }
        let sprt = try reader.reader("sprt")
        for (key, name) in [("agent", test.agent), ("against", test.opponent)] where !agents.contains(name) {
            guard !name.isEmpty else { throw reader.error("sprt", "a test needs `agent` and `against`, two that take part.") }
            let hint = NearestName.of(name, among: agents).map { "did you mean `\($0)`?" } ?? "name one of \(agents.joined(separator: ", "))."
            throw sprt.error(key, "`\(name)` does not take part: \(hint)")
        }
        guard test.agent != test.opponent else { throw sprt.error("against", "`\(test.agent)` cannot be tested against itself.") }
    }

    /// Why a run is over, one sentence; nil where it goes on, and before its first round.
    func reason(_ run: RunRecord, _ state: RunState, _ store: ArenaStore, reference: PolicyID) throws -> String? {
        guard state.round > 0, self != StopRules() else { return nil }
        let rounds = state.round == 1 ? "1 round" : "\(state.round) rounds"
        if let intervalWidth {
            let last = try store.ratings(run: run.id).filter { $0.round == state.round && $0.policy != reference }
            let widest = last.map { $0.high - $0.low }.max() ?? .infinity
            if widest <= intervalWidth {
                return "After \(rounds) every rating is known to within \(Int(intervalWidth.rounded())) Elo, as `until.ci_width` asks."
            }
        }
        if var test {
            let direct = DirectMatches(state.matches, first: { $0.agent == test.agent }, second: { $0.agent == test.opponent })
            test.test.result = direct.result
            let verdict: String? = switch test.test.decision {
            case .acceptElo1: "more than \(Int(test.test.elo0.rounded())) Elo better than \(test.opponent) by the test of `until.sprt`"
            case .acceptElo0: "less than \(Int(test.test.elo1.rounded())) Elo better than \(test.opponent) by the test of `until.sprt`"
            case .goOn: nil
            }
            if let verdict { return "After \(rounds) and \(direct.gameCount) games \(test.agent) is \(verdict)." }
        }
        if let maxCost, try store.cost(run: run.id) >= maxCost {
            return "After \(rounds) the \(LineChart.digits(maxCost)) of `until.max_cost` are spent."
        }
        guard maxSeconds != nil || maxTokens != nil else { return nil }
        let spent = RoundTimings(sum: try store.rounds(run: run.id).map(\.timings))
        if let maxSeconds, spent.rollouts + spent.judging + spent.training + spent.evaluation + spent.store >= maxSeconds {
            return "After \(rounds) the \(Int(maxSeconds)) seconds of `until.max_seconds` are spent."
        }
        if let maxTokens, spent.tokenCount >= maxTokens { return "After \(rounds) the \(maxTokens) tokens of `until.max_tokens` are spent." }
        return nil
    }
}
