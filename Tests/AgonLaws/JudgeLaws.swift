public import AgonCore

/// What every judge must obey.
public enum JudgeLaws {
    /// One sentence for each law that a judge breaks on these tasks; empty where it keeps them all.
    ///
    /// - Parameter seatsShow: the answers are one transcript seen from its seats, which a referee tells apart by
    ///   their places. For any other judge places must not matter: swapped answers swap their verdicts.
    public static func violations(
        of judge: any Judge, tasks: [JudgingTask], seatsShow: Bool = false
    ) async throws -> [String] {
        let together = try await judge.judge(tasks)
        guard together.count == tasks.count else {
            return ["\(judge.id): \(tasks.count) tasks got \(together.count) judgements"]
        }
        return violationsOfForm(judge, tasks, together)
            + (seatsShow ? [] : try await violationsOfOrder(judge, tasks, together))
            + (try await violationsOfCompany(judge, tasks, together))
    }

    /// Every pair is judged once, in order, by the judge and not by rule.
    private static func violationsOfForm(
        _ judge: any Judge, _ tasks: [JudgingTask], _ judgements: [Judgement]
    ) -> [String] {
        zip(tasks, judgements).flatMap { task, judgement -> [String] in
            let seats = task.answers.indices
            let wanted = seats.flatMap { first in seats.filter { $0 > first }.map { [first, $0] } }
            var violations: [String] = []
            if judgement.verdicts.map({ [$0.first, $0.second] }) != wanted {
                violations.append("\(judge.id): task \(task.id) does not hold each pair once, in order")
            }
            if judgement.verdicts.contains(where: \.byRule) {
                violations.append("\(judge.id): task \(task.id) has a verdict by rule, which is not the judge's to give")
            }
            if let scores = judgement.scores, scores.count != seats.count {
                violations.append("\(judge.id): task \(task.id) has \(scores.count) scores for \(seats.count) answers")
            }
            return violations
        }
    }

    /// Swapping answers swaps their verdicts.
    private static func violationsOfOrder(
        _ judge: any Judge, _ tasks: [JudgingTask], _ straight: [Judgement]
    ) async throws -> [String] {
        let swapped = try await judge.judge(
            tasks.map { JudgingTask(id: $0.id, prompt: $0.prompt, reference: $0.reference, answers: $0.answers.reversed()) })
        return zip(tasks, zip(straight, swapped)).compactMap { task, pair in
            let last = task.answers.count - 1
            let turned = pair.1.verdicts.map {
                PairVerdict(
                    first: last - $0.second, second: last - $0.first, verdict: $0.verdict.flipped,
                    preference: $0.preference.map { 1 - $0 })
            }.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
            return turned.count == pair.0.verdicts.count && zip(turned, pair.0.verdicts).allSatisfy(isAlike)
                ? nil : "\(judge.id): task \(task.id) is judged otherwise with its answers in reverse"
        }
    }

    /// The same verdict on the same answers, preferences up to rounding.
    private static func isAlike(_ one: PairVerdict, _ other: PairVerdict) -> Bool {
        guard one.first == other.first, one.second == other.second, one.verdict == other.verdict,
            (one.preference == nil) == (other.preference == nil)
        else { return false }
        return abs((one.preference ?? 0) - (other.preference ?? 0)) < 1e-9
    }

    /// A task is judged alike alone, again, and among others in any order.
    private static func violationsOfCompany(
        _ judge: any Judge, _ tasks: [JudgingTask], _ together: [Judgement]
    ) async throws -> [String] {
        var violations: [String] = []
        let backwards = try await judge.judge(tasks.reversed())
        for (index, task) in tasks.enumerated() {
            let alone = try await judge.judge([task])
            if alone.count != 1 || alone[0].verdicts != together[index].verdicts {
                violations.append("\(judge.id): task \(task.id) is judged otherwise alone")
            }
            if backwards[tasks.count - 1 - index].verdicts != together[index].verdicts {
                violations.append("\(judge.id): task \(task.id) is judged otherwise among others")
            }
        }
        if try await !judge.judge([]).isEmpty { violations.append("\(judge.id): no task got a judgement") }
        return violations
    }
}
