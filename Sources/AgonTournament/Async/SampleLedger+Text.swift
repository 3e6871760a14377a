import AgonCore

extension SampleLedger {
    /// Where the samples are, one sentence for people.
    var line: String {
        var parts = ["\(ReportNumber.count(trained)) trained on"]
        for (count, words) in [
            (stale, "too old"), (masked, "masked"), (unused, "said nothing"), (pending, "pending"),
        ] where count > 0 { parts.append("\(ReportNumber.count(count)) \(words)") }
        let age = oldestTrained == 1 ? "1 update" : "\(oldestTrained) updates"
        return "\(DisplayText.name(agent)): of \(ReportNumber.count(produced)) samples \(parts.joined(separator: ", ")); the oldest trained on was \(age) old"
            + (isExact ? "" : ". The ledger does not add up: the database was changed by hand.")
    }
}
