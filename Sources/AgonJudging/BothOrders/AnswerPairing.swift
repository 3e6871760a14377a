import AgonCore

/// Which pairs of a room's answers a comparer is asked about.
public enum AnswerPairing: Sendable, Hashable {
    /// Every pair, n·(n−1)/2 of them.
    case all
    /// At most so many pairs a room, at least 1. The answers stand in a circle by seeded order, and neighbours are asked
    /// before next but ones: n pairs join all answers and give each two comparisons. Pairs left out are void: what a judge
    /// was not asked it did not say.
    case budget(Int)
    /// A sorting tournament: merge sort, seeded start order, about n·log₂ n pairs. Pairs that were not asked follow by
    /// transitivity from those that were: better than something at least as good is better. Where an unreadable reply
    /// breaks the chain they are void.
    case sort
}

/// One room being asked: which pairs are open, what was said of the others, and the judgement in the end.
///
/// Budget and sort work on distinct texts, in an order by the hash of task and text, so that neither seats nor company
/// matter; equal texts tie without being asked. `all` asks about every pair of seats as it stands.
struct RoomPairing {
    /// A pair of answers that was asked, first < second, and the replies.
    struct Asked {
        var first: Int
        var second: Int
        var replies: BothReplies
    }

    let answerCount: Int
    private let pairing: AnswerPairing
    /// Per answer the lowest answer with the same text; itself under `all`.
    private let representative: [Int]
    private var asked: [Asked] = []
    private var open: [(first: Int, second: Int)]
    private var tournament: SortingTournament?

    init(_ task: JudgingTask, _ pairing: AnswerPairing) {
        answerCount = task.answers.count
        self.pairing = pairing
        guard pairing != .all else {
            representative = Array(0..<answerCount)
            open = seatPairs(answerCount)
            return
        }
        var lowest: [String: Int] = [:]
        var representative: [Int] = []
        for (index, text) in task.answers.enumerated() {
            representative.append(lowest[text] ?? index)
            if lowest[text] == nil { lowest[text] = index }
        }
        self.representative = representative
        let seed = Seed(run: task.id)
        let keys = task.answers.map { seed.child(.judge, named: $0).value }
        let order = Set(representative).sorted {
            keys[$0] == keys[$1] ? task.answers[$0] < task.answers[$1] : keys[$0] < keys[$1]
        }
        switch pairing {
        case .budget(let limit):
            precondition(limit >= 1, "a budget of pairs is at least 1, not \(limit)")
            open = RoomPairing.circle(order, limit: limit)
        case .all, .sort:
            let tournament = SortingTournament(order)
            open = tournament.questions.map(RoomPairing.inOrder)
            self.tournament = tournament
        }
    }

    /// Pairs to ask next, first < second; none when all is said.
    var questions: [(first: Int, second: Int)] { open }

    /// Takes the replies to `questions`, in order.
    mutating func answer(_ replies: [BothReplies]) {
        for (pair, reply) in zip(open, replies) {
            asked.append(Asked(first: pair.first, second: pair.second, replies: reply))
        }
        guard var tournament else {
            open = []
            return
        }
        tournament.answer(
            zip(tournament.questions, replies).map { question, reply in
                question.first < question.second ? reply.verdict : reply.verdict.flipped
            })
        open = tournament.questions.map(RoomPairing.inOrder)
        self.tournament = tournament
    }

    /// Every pair once, with a vote for each that was asked.
    func judgement(by judge: JudgeID, labels: PairLabels) -> Judgement {
        var said: [Int: PairVerdict] = [:]
        for pair in asked {
            said[pair.first * answerCount + pair.second] = PairVerdict(
                first: pair.first, second: pair.second, verdict: pair.replies.verdict,
                preference: labels == .soft ? pair.replies.preference : nil)
        }
        let order = pairing == .sort ? WeakOrder(said.values, count: answerCount) : nil
        let verdicts = seatPairs(answerCount).map { pair -> PairVerdict in
            var verdict = PairVerdict(first: pair.first, second: pair.second, verdict: .void)
            let (left, right) = (representative[pair.first], representative[pair.second])
            if left == right {
                verdict.verdict = .tie
            } else if let direct = said[min(left, right) * answerCount + max(left, right)] {
                verdict.verdict = left < right ? direct.verdict : direct.verdict.flipped
                verdict.preference = left < right ? direct.preference : direct.preference.map { 1 - $0 }
            } else if let order {
                verdict.verdict = order.verdict(left, right)
            }
            return verdict
        }
        return Judgement(
            verdicts: verdicts,
            votes: asked.map { $0.replies.vote(by: judge, first: $0.first, second: $0.second, labels: labels) },
            usage: JudgeUsage.sum(asked.map(\.replies.usage)))
    }

    private static func inOrder(_ pair: (first: Int, second: Int)) -> (first: Int, second: Int) {
        pair.first < pair.second ? pair : (pair.second, pair.first)
    }

    /// The first `limit` pairs of a circle: all neighbours, then all next but ones, and so on.
    private static func circle(_ order: [Int], limit: Int) -> [(first: Int, second: Int)] {
        var pairs: [(first: Int, second: Int)] = []
        let count = order.count
        for distance in 1..<max(count / 2 + 1, 1) where count > 1 {
            // Half way round, each pair would come twice.
            for start in 0..<(2 * distance == count ? distance : count) {
                if pairs.count == limit { return pairs }
                pairs.append(inOrder((order[start], order[(start + distance) % count])))
            }
        }
        return pairs
    }
}

/// Merge sort by questions: all open merges of a pass ask at once.
///
/// Tied heads join one group of the merged run; an unreadable comparison keeps the left one first, which says nothing of
/// the two since the order is read off the replies afterwards.
///
/// - Source: Knuth, The Art of Computer Programming 3, §5.2.4, bottom up.
struct SortingTournament {
    /// Two sorted runs of groups of equals, best first, on their way into one.
    private struct Merge {
        var left: ArraySlice<[Int]>
        var right: ArraySlice<[Int]>
        var merged: [[Int]] = []

        var question: (first: Int, second: Int)? {
            guard let one = left.first, let other = right.first else { return nil }
            return (one[0], other[0])
        }

        mutating func take(_ verdict: Verdict) {
            switch verdict {
            case .first, .void: merged.append(left.removeFirst())
            case .second: merged.append(right.removeFirst())
            case .tie: merged.append(left.removeFirst() + right.removeFirst())
            }
        }
    }

    private var merges: [Merge]

    init(_ order: [Int]) {
        merges = SortingTournament.pass(over: order.map { [[$0]] })
    }

    /// Pairs to compare next; none when all is sorted.
    var questions: [(first: Int, second: Int)] { merges.compactMap(\.question) }

    /// Takes the verdicts on `questions`, in order.
    mutating func answer(_ verdicts: [Verdict]) {
        var next = 0
        for index in merges.indices where merges[index].question != nil {
            merges[index].take(verdicts[next])
            next += 1
        }
        if merges.count > 1, questions.isEmpty {
            merges = SortingTournament.pass(over: merges.map { $0.merged + $0.left + $0.right })
        }
    }

    private static func pass(over runs: [[[Int]]]) -> [Merge] {
        stride(from: 0, to: runs.count, by: 2).map { index in
            Merge(left: runs[index][...], right: index + 1 < runs.count ? runs[index + 1][...] : [])
        }
    }
}
