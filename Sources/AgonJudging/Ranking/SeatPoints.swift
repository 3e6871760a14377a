public import AgonCore

/// What a seat made of its comparisons: points and how many counted.
///
/// Kept in half points, so that means compare exactly.
public struct SeatPoints: Sendable, Hashable {
    /// Twice the points: 2 a win, 1 a tie, 0 a loss.
    public var halfPoints = 0
    /// Comparisons that were not void.
    public var count = 0

    /// Points per comparison that counted, 0 … 1; nil where none did.
    public var mean: Double? { count == 0 ? nil : Double(halfPoints) / Double(2 * count) }

    /// Whether this mean is greater than the other's; false where either has none.
    public func isAbove(_ other: SeatPoints) -> Bool { halfPoints * other.count > other.halfPoints * count }

    /// The points of every seat by the verdicts of its room.
    public static func perSeat(of verdicts: [PairVerdict], seatCount: Int) -> [SeatPoints] {
        var points = [SeatPoints](repeating: SeatPoints(), count: seatCount)
        for pair in verdicts {
            let gain: Int
            switch pair.verdict {
            case .first: gain = 2
            case .tie: gain = 1
            case .second: gain = 0
            case .void: continue
            }
            points[pair.first].halfPoints += gain
            points[pair.second].halfPoints += 2 - gain
            points[pair.first].count += 1
            points[pair.second].count += 1
        }
        return points
    }
}

extension Ranking {
    /// Seats ordered by their mean points over the comparisons that were not void.
    ///
    /// Equal means tie, so a cycle ends as a tie. A forfeit never ranks level with a valid seat: it scores 0, and
    /// a valid seat of its room has at least the win over it. A seat with voids only has no rank.
    public init(verdicts: [PairVerdict], seatCount: Int) {
        let points = SeatPoints.perSeat(of: verdicts, seatCount: seatCount)
        self.init(
            ranks: points.map { own in
                own.count == 0 ? nil : 1 + points.reduce(0) { $0 + ($1.isAbove(own) ? 1 : 0) }
            })
    }
}
