import AgonCore
import AgonJudging
import AgonRatings
public import AgonStore

/// How far people agree with the judges of a run and with one another, on the pairs that they voted on.
///
/// Judges are told apart by name alone: one that learns stays one judge. Nothing is guessed: a void counts as a void, a tie
/// as a verdict of its own, and what only one of two has voted on is compared with nothing.
public struct VoteAgreement: Sendable, Hashable, Codable {
    /// What one person voted.
    public struct Voter: Sendable, Hashable, Codable {
        public var name: String
        public var voteCount: Int
        public var tieCount: Int
        /// Votes for the answer that was shown first, and for the other.
        public var firstShownCount: Int
        public var secondShownCount: Int
        /// Votes that a round has learned from.
        public var usedCount: Int
    }

    /// A person and a judge, or two people, on the pairs that both gave a readable verdict on.
    public struct Comparison: Sendable, Hashable, Codable {
        public var person: String
        /// The judge, or the other person.
        public var other: String
        public var isWithPerson: Bool
        public var pairCount: Int
        /// Of these, where both said the same: one side is better, or a tie.
        public var sameCount: Int
        /// Of these, where one of the two said tie and the other did not.
        public var oneTieCount: Int
        /// Pairs beside these on which one of the two gave no readable verdict.
        public var voidCount: Int
        /// The share that agrees, with its 95 % interval, clustered by prompt; nil without pairs.
        public var agreement: Estimate?
        /// Cohen's κ with its 95 % interval, clustered by prompt; nil without pairs, and where both always say the same one
        /// thing.
        public var kappa: Estimate?
    }

    /// Krippendorff's α, and the votes behind it; nil where all votes say the same one thing.
    public struct Alpha: Sendable, Hashable, Codable {
        public var value: Double?
        public var voteCount: Int
    }

    /// The run's id.
    public var run: String
    /// Pairs that somebody voted on.
    public var pairCount: Int
    /// Sorted by name.
    public var people: [Voter]
    /// Each person with each judge, by name.
    public var withJudges: [Comparison]
    /// Each two people, by name.
    public var betweenPeople: [Comparison]
    public var alphaOfPeople: Alpha
    /// Of people and judges together, without the verdicts of a panel, which follow from its members'.
    public var alphaOfAll: Alpha

    /// What a database has of a run, as it is now.
    public static func of(_ store: ArenaStore, run: String) throws -> VoteAgreement {
        let votes = try store.personalVotes(run: run)
        let rooms = try Set(votes.map { [$0.round, $0.room] }).sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
            .compactMap { try store.roomResult(run: run, round: $0[0], room: $0[1]) }
        return VoteAgreement(run: run, votes: votes, rooms: rooms)
    }

    /// - Parameter rooms: at least those that the votes are about.
    init(run: String, votes: [PersonalVote], rooms: [RoomResult]) {
        let table = VoteTable(votes: votes, rooms: rooms)
        let people = table.people.indices
        self.run = run
        pairCount = table.rows.count
        self.people = table.people.map { Voter(name: $0, votes: votes) }
        withJudges = people.flatMap { person in table.judges.indices.map { table.comparison(person, table.people.count + $0) } }
        betweenPeople = people.flatMap { one in people.filter { $0 > one }.map { table.comparison(one, $0) } }
        alphaOfPeople = table.alpha(of: Array(people))
        alphaOfAll = table.alpha(of: Array(people) + table.judges.indices.filter { table.isIndependent[$0] }.map { table.people.count + $0 })
    }
}

extension VoteAgreement.Voter {
    init(name: String, votes: [PersonalVote]) {
        let own = votes.filter { $0.vote.judge.name == name }
        let first = own.count { $0.vote.straight == .first || $0.vote.swapped == .second }
        let second = own.count { $0.vote.straight == .second || $0.vote.swapped == .first }
        self.init(
            name: name, voteCount: own.count, tieCount: own.count { $0.vote.verdict == .tie }, firstShownCount: first,
            secondShownCount: second, usedCount: own.count { $0.usedIn != nil })
    }
}

/// Pairs that people voted on against those who said something of them: people first, then judges.
private struct VoteTable {
    struct Row {
        var cluster: Int
        /// One a voter; nil where it said nothing.
        var verdicts: [Verdict?]
    }

    let people: [String]
    let judges: [String]
    /// Whether a judge's verdicts are its own and not those of a panel's members, joined.
    let isIndependent: [Bool]
    let rows: [Row]

    private struct Place: Hashable {
        var round: Int
        var room: Int
    }

    init(votes: [PersonalVote], rooms: [RoomResult]) {
        let byRoom = Dictionary(grouping: votes) { Place(round: $0.round, room: $0.room) }
        let voted = rooms.map(\.withoutVersions).filter { byRoom[Place(round: $0.room.round, room: $0.room.index)] != nil }
        let people = Set(votes.map(\.vote.judge.name)).sorted()
        let judges = Set(voted.flatMap(\.allVotes).map(\.judge.name)).sorted()
        let independent = Set(voted.flatMap { $0.votes.isEmpty ? $0.allVotes : $0.votes }.map(\.judge.name))
        rows = voted.flatMap { result in
            let own = byRoom[Place(round: result.room.round, room: result.room.index)] ?? []
            let seats = Set(own.map { [$0.vote.first, $0.vote.second] }).sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
            return seats.map { pair in
                func verdict(_ votes: [Vote], _ name: String) -> Verdict? {
                    votes.first { $0.first == pair[0] && $0.second == pair[1] && $0.judge.name == name }?.verdict
                }
                return Row(
                    cluster: result.room.prompt.cluster,
                    verdicts: people.map { verdict(own.map(\.vote), $0) } + judges.map { verdict(result.allVotes, $0) })
            }
        }
        (self.people, self.judges, isIndependent) = (people, judges, judges.map(independent.contains))
    }

    func comparison(_ one: Int, _ other: Int) -> VoteAgreement.Comparison {
        var pairs: [(Verdict, Verdict)] = []
        var clusters: [Int] = []
        var voidCount = 0
        for row in rows {
            guard let left = row.verdicts[one], let right = row.verdicts[other] else { continue }
            guard left != .void, right != .void else {
                voidCount += 1
                continue
            }
            pairs.append((left, right))
            clusters.append(row.cluster)
        }
        let share = Interval.mean(of: pairs.map { $0.0 == $0.1 ? 1 : 0 }, clusters: clusters)
        let kappa = JudgeAgreement.cohenKappa(pairs, clusters: clusters)
        return VoteAgreement.Comparison(
            person: people[one], other: other < people.count ? people[other] : judges[other - people.count],
            isWithPerson: other < people.count, pairCount: pairs.count, sameCount: pairs.count { $0.0 == $0.1 },
            oneTieCount: pairs.count { ($0.0 == .tie) != ($0.1 == .tie) }, voidCount: voidCount,
            agreement: share.map { Estimate(value: $0.value, low: $0.low, high: $0.high) },
            kappa: kappa.map { Estimate(value: $0.kappa, low: $0.low, high: $0.high) })
    }

    func alpha(of columns: [Int]) -> VoteAgreement.Alpha {
        let names = columns.map { JudgeID(name: $0 < people.count ? people[$0] : judges[$0 - people.count]) }
        let votes = rows.map { row in columns.map { row.verdicts[$0] == .void ? nil : row.verdicts[$0] } }
        let (value, count) = JudgeAgreement(judges: names, votes: votes).krippendorffAlpha
        return VoteAgreement.Alpha(value: value, voteCount: count)
    }
}
