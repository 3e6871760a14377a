import AgonCore
import AgonJudging

/// The orders in which the answers of a room are listed to a judge, and what its rankings come to.
///
/// The first order hangs on the texts and the task, never on the seats; the others are its rotations. So each answer stands
/// once in each place, and swapping seats asks the same questions.
struct RankingRotations {
    private let answers: [String]
    /// Seats in the order of listing, one list for each question.
    let orders: [[Int]]

    init(_ task: JudgingTask) {
        answers = task.answers
        let count = answers.count
        guard (2...JudgePrompts.labelCount).contains(count) else {
            orders = []
            return
        }
        let sorted = answers.indices.sorted { left, right in
            let (one, other) = (task.answers[left].unicodeScalars, task.answers[right].unicodeScalars)
            return one.elementsEqual(other) ? left < right : one.lexicographicallyPrecedes(other)
        }
        var generator = SeededGenerator(Seed(run: task.id).child(.judge, 1))
        let first = generator.shuffled(sorted)
        orders = (0..<count).map { start in Array(first[start...] + first[..<start]) }
    }

    /// - Parameter read: for each order the places in it, best first, or why there are none.
    func judgement(
        _ read: [(order: [Int]?, reason: String)], by judge: JudgeID, labels: PairLabels, usage: JudgeUsage?
    ) -> Judgement {
        let ranks = zip(orders, read).compactMap { order, reply in
            reply.order.map { places in seatRanks(order, places) }
        }
        let isValid = !orders.isEmpty && ranks.count == orders.count
        let problem = read.first { $0.order == nil }?.reason ?? "\(answers.count) answers cannot be listed"
        // Equal texts have one rank: which of them stood first says nothing of them.
        let twins = answers.indices.map { seat in answers.indices.filter { isTwin($0, seat) } }
        let means = twins.map { twins in
            ranks.reduce(0) { sum, own in sum + twins.reduce(0) { $0 + own[$1] } } / Double(twins.count)
        }
        var judgement = Judgement(scoring: means.map { isValid ? Double(answers.count) - $0 / Double(ranks.count) : nil }, tieMargin: 1e-9)
        for index in judgement.verdicts.indices {
            let pair = judgement.verdicts[index]
            let preference = isValid ? share(ranks, twins[pair.first], twins[pair.second]) : nil
            if labels == .soft { judgement.verdicts[index].preference = preference }
            judgement.votes.append(
                Vote(
                    judge: judge, first: pair.first, second: pair.second, verdict: pair.verdict, preference: preference,
                    reason: isValid ? read[0].reason : problem))
        }
        judgement.usage = usage
        return judgement
    }

    /// The rank of each seat, from 1.
    private func seatRanks(_ order: [Int], _ places: [Int]) -> [Double] {
        var ranks = [Double](repeating: 0, count: answers.count)
        for (rank, place) in places.enumerated() { ranks[order[place]] = Double(rank + 1) }
        return ranks
    }

    /// How often one of `first` stands before one of `second`; ½ where they are the same.
    private func share(_ ranks: [[Double]], _ first: [Int], _ second: [Int]) -> Double {
        if first == second { return 0.5 }
        let ahead = ranks.reduce(0) { sum, own in
            sum + first.reduce(0) { count, seat in count + second.count { own[seat] < own[$0] } }
        }
        return Double(ahead) / Double(ranks.count * first.count * second.count)
    }

    private func isTwin(_ seat: Int, _ other: Int) -> Bool {
        answers[seat].unicodeScalars.elementsEqual(answers[other].unicodeScalars)
    }
}
