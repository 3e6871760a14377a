import AgonCore
import AgonJudging
import Foundation
import Synchronization
import Testing

struct PanelJudgeTests {
    private let id = JudgeID(name: "panel")
    private let task = JudgingTask(id: 1, prompt: "", reference: "gold", answers: ["a", "b"])

    /// One member for each verdict and preference.
    private func panel(_ verdicts: [(Verdict, Double?)], _ rule: PanelRule) -> PanelJudge {
        PanelJudge(
            id: id,
            members: verdicts.enumerated().map { index, verdict in
                RuleJudge("m\(index)") { _, _, _ in said(verdict.0, preference: verdict.1) }
            }, rule: rule)
    }

    private func verdict(_ verdicts: [(Verdict, Double?)], _ rule: PanelRule) async throws -> PairVerdict {
        try await panel(verdicts, rule).judge([task])[0].verdicts[0]
    }

    @Test func `a majority is more than half of the readable votes`() async throws {
        let table: [([Verdict], Verdict, Double?)] = [
            ([.first, .first, .second], .first, 2.0 / 3), ([.first, .second], .tie, 0.5),
            ([.first, .tie, .tie], .tie, 2.0 / 3), ([.first, .first, .tie], .first, 5.0 / 6),
            ([.first, .void, .void], .first, 1), ([.void, .void], .void, nil), ([.first, .tie], .tie, 0.75),
            ([.first, .second, .second, .void], .second, 1.0 / 3),
        ]
        for (votes, wanted, preference) in table {
            let joined = try await verdict(votes.map { ($0, nil) }, .majority)
            #expect(joined.verdict == wanted)
            #expect((joined.preference == nil) == (preference == nil))
            #expect(abs((joined.preference ?? 0) - (preference ?? 0)) < 1e-12)
        }
    }

    @Test func `the mean counts how sure each member is`() async throws {
        #expect(try await verdict([(.first, 0.6), (.second, 0.1)], .mean).verdict == .second)
        #expect(try await verdict([(.first, 0.6), (.second, 0.1)], .mean).preference == 0.35)
        #expect(try await verdict([(.first, nil), (.second, 0.25)], .mean).preference == 0.625)
        #expect(try await verdict([(.first, nil), (.second, nil), (.void, 0.9)], .mean).verdict == .tie)
    }

    @Test func `weights are log odds, and their sum is the panel's`() async throws {
        let weights = [log(9.0), log(1.5), log(1.5)]
        let joined = try await verdict([(.first, nil), (.second, nil), (.second, nil)], .weighted(weights))
        #expect(joined.verdict == .first)
        // Three independent judges of accuracy 0.9, 0.6 and 0.6: 9 · (2/3)² = 4 to 1.
        #expect(abs((joined.preference ?? 0) - 0.8) < 1e-14)
        #expect(try await verdict([(.first, nil), (.second, nil), (.second, nil)], .weighted([0, 0, 0])).verdict == .second)
        let silent = try await verdict([(.void, nil), (.second, nil), (.second, nil)], .weighted([1, 0, 0]))
        #expect(silent.verdict == .void && silent.preference == nil)
    }

    @Test func `votes of all members stand in the judgement, with their cost, and gold goes only to who asks`() async throws {
        let seen = Mutex<[String?]>([])
        var usage = JudgeUsage()
        usage.cost = 2
        let cost = usage
        let panel = PanelJudge(
            id: id,
            members: [
                RuleJudge("gold", needsReference: true) { task, _, _ in
                    seen.withLock { $0.append(task.reference) }
                    return said(.first)
                },
                RuleJudge("blind") { task, _, _ in
                    seen.withLock { $0.append(task.reference) }
                    return said(.tie)
                },
                BothOrdersJudge(
                    id: JudgeID(name: "orders"),
                    comparer: RuleComparer { ComparisonReply($0.first == "a" ? .first : .second, reason: "r", usage: cost) }),
            ], rule: .majority)
        #expect(panel.needsReference)
        let (judgements, report) = try await panel.judgeWithReport([task])
        #expect(judgements[0].votes.map(\.judge.name) == ["gold", "blind", "orders"])
        #expect(judgements[0].votes[2].straight == .first && judgements[0].votes[2].reason == "r")
        #expect(judgements[0].usage?.cost == 4 && judgements[0].verdicts[0].verdict == .first)
        #expect(Set(seen.withLock { $0 }) == ["gold", nil])
        #expect(report.voteCount == 3 && report.voidVoteCount == 0 && report.lost.isEmpty)
    }

    @Test func `majorities can run in a circle, which ties and is counted`() async throws {
        let orders = ["abc", "bca", "cab"]
        let members = orders.map { order in
            RuleJudge(order) { _, left, right in
                said((order.firstIndex(of: Character(left)) ?? order.startIndex)
                    < (order.firstIndex(of: Character(right)) ?? order.startIndex) ? .first : .second)
            }
        }
        let (judgements, report) = try await PanelJudge(id: id, members: members, rule: .majority)
            .judgeWithReport([JudgingTask(id: 1, prompt: "", answers: ["a", "b", "c"])])
        #expect(judgements[0].verdicts.allSatisfy { $0.verdict == .tie && $0.preference == 0.5 })
        #expect(report.cycleCount == 1)
    }
}

struct PanelLossTests {
    struct Outage: Error, CustomStringConvertible { let description = "connection refused" }

    private let tasks = [JudgingTask(id: 1, prompt: "", answers: ["a", "b"])]

    private func broken(_ name: String) -> RuleJudge { RuleJudge(name) { _, _, _ in throw Outage() } }

    @Test func `a member that is lost leaves with a note, and the others go on`() async throws {
        let losses = Mutex<[PanelLoss]>([])
        let calls = Mutex(0)
        let panel = PanelJudge(
            id: JudgeID(name: "panel"),
            members: [
                RuleJudge("good") { _, _, _ in said(.first) },
                RuleJudge("bad") { _, _, _ in
                    calls.withLock { $0 += 1 }
                    throw Outage()
                },
                RuleJudge("other") { _, _, _ in said(.first) },
            ], rule: .majority, onLoss: { loss in losses.withLock { $0.append(loss) } })
        for _ in 0..<3 {
            let (judgements, report) = try await panel.judgeWithReport(tasks)
            #expect(judgements[0].verdicts[0].verdict == .first)
            #expect(judgements[0].votes.map(\.verdict) == [.first, .void, .first])
            #expect(judgements[0].votes[1].reason == "Judge bad@v0 left the panel: connection refused")
            #expect(report.voidVoteCount == 1 && report.lost.map(\.member) == [1])
        }
        #expect(losses.withLock { $0.map(\.judge.name) } == ["bad"] && calls.withLock { $0 } == 1)
    }

    @Test func `a member whose judgements do not fit is lost`() async throws {
        struct Short: Judge {
            let id = JudgeID(name: "short")
            let needsReference = false
            func judge(_ tasks: [JudgingTask]) async throws -> [Judgement] { [Judgement(verdicts: [])] }
        }
        let panel = PanelJudge(
            id: JudgeID(name: "panel"), members: [Short(), RuleJudge("good") { _, _, _ in said(.second) }], rule: .mean)
        let (judgements, report) = try await panel.judgeWithReport(tasks)
        #expect(judgements[0].verdicts[0].verdict == .second && report.lost.map(\.judge.name) == ["short"])
    }

    @Test func `with the last member the panel is lost`() async throws {
        let panel = PanelJudge(id: JudgeID(name: "panel"), members: [broken("x"), broken("y")], rule: .majority)
        let error = await #expect(throws: JudgingError.self) { try await panel.judge(tasks) }
        #expect(error?.code == .panelLost)
        await #expect(throws: JudgingError.self) { try await panel.judge(tasks) }
    }

    @Test func `an end that was asked for is no loss`() async throws {
        let panel = PanelJudge(
            id: JudgeID(name: "panel"),
            members: [RuleJudge("a") { _, _, _ in throw CancellationError() }, RuleJudge("b") { _, _, _ in said(.first) }],
            rule: .majority, onLoss: { _ in Issue.record("nobody was lost") })
        await #expect(throws: CancellationError.self) { try await panel.judge(tasks) }
    }
}
