public import AgonCore

/// How a room's verdicts become a ranking. The names are those of the configuration.
public enum RoomAggregate: String, Sendable, Codable, CaseIterable {
    /// Mean points over the comparisons that counted: Borda's count, fair where all meet all.
    case borda
    /// Strengths that make the verdicts likeliest: a win over the strong counts more than one over the weak, which matters
    /// where a budget left pairs out.
    case bradleyTerry = "bradley_terry"
}

extension Ranking {
    /// Seats ordered by their verdicts; by `borda` as `init(verdicts:seatCount:)`.
    ///
    /// By `bradleyTerry` the seats' strengths π maximise the likelihood of
    ///
    ///     P(i beats j) = π_i / (π_i + π_j)
    ///
    /// with a tie as half a win and one virtual tie of each seat with a seat of strength 1, which keeps seats finite that
    /// won or lost everything. Found by the MM iteration
    ///
    ///     π_i ← (points_i + ½) / (Σ_j n_ij / (π_i + π_j) + 1 / (π_i + 1))
    ///
    /// Strengths within a millionth tie. A seat with voids only has no rank.
    ///
    /// - Source: Hunter 2004, Annals of Statistics 32, pp. 384–406, eq. 3; the virtual tie: BayesElo's prior.
    public init(verdicts: [PairVerdict], seatCount: Int, aggregate: RoomAggregate) {
        guard aggregate == .bradleyTerry else {
            self.init(verdicts: verdicts, seatCount: seatCount)
            return
        }
        let strengths = Ranking.strengths(of: verdicts, seatCount: seatCount)
        self.init(
            ranks: strengths.map { own in
                own.map { own in 1 + strengths.reduce(0) { $0 + (($1 ?? 0) > own * (1 + 1e-6) ? 1 : 0) } }
            })
    }

    /// Strength π of each seat, 1 for one that is neither good nor bad; nil where nothing counted.
    static func strengths(of verdicts: [PairVerdict], seatCount: Int) -> [Double?] {
        let points = SeatPoints.perSeat(of: verdicts, seatCount: seatCount)
        let counted = verdicts.filter { $0.verdict != .void }
        var strengths = [Double](repeating: 1, count: seatCount)
        for _ in 0..<10_000 {
            var divisors = strengths.map { 1 / ($0 + 1) }
            for pair in counted {
                let share = 1 / (strengths[pair.first] + strengths[pair.second])
                divisors[pair.first] += share
                divisors[pair.second] += share
            }
            var change = 0.0
            for seat in 0..<seatCount {
                let next = (Double(points[seat].halfPoints) / 2 + 0.5) / divisors[seat]
                change = max(change, abs(next - strengths[seat]) / strengths[seat])
                strengths[seat] = next
            }
            if change < 1e-12 { break }
        }
        return zip(points, strengths).map { $0.count == 0 ? nil : $1 }
    }
}
