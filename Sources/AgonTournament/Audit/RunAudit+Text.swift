import AgonAudit

extension RunAudit {
    /// Rejections, of rollouts that were drawn again: `0 of 27,648`.
    public var shortText: String { "\(ReportNumber.count(rejections.count)) of \(ReportNumber.count(rolloutCount))" }

    /// For people.
    public var text: String {
        let rounds = roundCount == 1 ? "1 round" : "\(roundCount) rounds"
        let precision = generatedOn == checkedOn && bounds.values.allSatisfy { $0 == 0 }
            ? "on \(checkedOn), the kernels that made them: every draw and every log p to the bit"
            : "on \(checkedOn), made on \(generatedOn): log p within \(ReportNumber.metric(bounds.values.max() ?? 0)) nats"
        var lines = [
            "Run \(run): \(ReportNumber.count(roomCount)) rooms of \(rounds), \(ReportNumber.count(rolloutCount)) rollouts, \(ReportNumber.count(tokenCount)) tokens drawn again \(precision)."
        ]
        if let sampleSeed { lines.append("The rooms were drawn by --sample-seed \(sampleSeed).") }
        lines.append(verdictNote ?? "The judge decided \(ReportNumber.count(verdictRoomCount)) rooms again.")
        for (reason, count) in unchecked.sorted(by: { $0.key < $1.key }) {
            lines.append("Not drawn again: \(ReportNumber.count(count)) rollouts (\(reason)).")
        }
        guard !rejections.isEmpty else {
            lines.append("Nothing was rejected.")
            return DisplayText.visible(lines.joined(separator: "\n"), keepsLines: true)
        }
        lines.append("Rejected: \(ReportNumber.count(rejections.count)) checks in \(ReportNumber.count(rejectedRoomCount)) rooms.")
        lines += rejections.prefix(RunAudit.shownCount).map(RunAudit.line)
        if rejections.count > RunAudit.shownCount {
            lines.append("… and \(ReportNumber.count(rejections.count - RunAudit.shownCount)) more; --json has all.")
        }
        return DisplayText.visible(lines.joined(separator: "\n"), keepsLines: true)
    }

    private static let shownCount = 20

    private static func line(_ rejection: Rejection) -> String {
        let seat = rejection.seat.map { ", seat \($0)" } ?? ""
        let policy = rejection.policy.map { ", \($0)" } ?? ""
        return "round \(rejection.round), room \(rejection.room)\(seat)\(policy): \(rejection.check.rawValue): expected \(rejection.expected); seen \(rejection.seen)"
    }
}
