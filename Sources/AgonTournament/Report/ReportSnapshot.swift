extension Report {
    /// The standings as an earlier report had them.
    public struct Snapshot: Sendable, Hashable, Codable {
        /// One agent of it.
        public struct Row: Sendable, Hashable, Codable {
            public var agent: String
            public var version: Int
            public var rank: Int
            public var rating: Double
        }

        public var roundCount: Int
        public var rows: [Row]

        init(_ report: Report) {
            roundCount = report.roundCount
            rows = zip(report.standings, report.ranks).map { row, rank in
                Row(agent: row.agent, version: row.version, rank: rank, rating: row.rating.value)
            }
        }
    }

    /// This report as the one after another: with what that one had where it is of the same run and of earlier rounds, and
    /// with what that one compared itself with where it is of the same rounds.
    func following(_ earlier: Report?) -> Report {
        guard let earlier, earlier.runID == runID, earlier.roundCount <= roundCount else { return self }
        var report = self
        report.previous = earlier.roundCount < roundCount ? Snapshot(earlier) : earlier.previous
        return report
    }
}
