/// A Swiss tournament as far as it is played: places, points, and whom everybody met.
///
/// Of equal points Buchholz's sum decides: the points of all opponents. A bye counts there as an opponent with as many
/// points as one's own.
/// - Source: FIDE Handbook C.07, articles 8 and 16.
public struct SwissTable: Sendable, Hashable, Codable {
    /// One entrant.
    public struct Row: Sendable, Hashable, Codable {
        public var name: String
        /// From 1; equal points and sums share one.
        public var place: Int
        public var points: Double
        public var buchholz: Double
        /// In the order of rounds.
        public var encounters: [Encounter]
    }

    /// What one round brought an entrant.
    public struct Encounter: Sendable, Hashable, Codable {
        public var round: Int
        /// Nil: a bye.
        public var opponent: String?
        /// The share won of the round's matches; 1 for a bye.
        public var points: Double
    }

    /// How many rounds the tournament has.
    public let roundLimit: Int
    /// The best first, equal ones by name.
    public let rows: [Row]

    /// - Parameter encounters: by name, in the order of rounds.
    init(encounters: [String: [Encounter]], roundLimit: Int) {
        self.roundLimit = roundLimit
        let points = encounters.mapValues { $0.reduce(0) { $0 + $1.points } }
        let rows = encounters.map { name, encounters in
            let own = points[name] ?? 0
            let sum = encounters.reduce(0) { $0 + ($1.opponent.map { points[$0] ?? 0 } ?? own) }
            return Row(name: name, place: 1, points: own, buchholz: sum, encounters: encounters)
        }.sorted { ($1.points, $1.buchholz, $0.name) < ($0.points, $0.buchholz, $1.name) }
        var place = 1
        self.rows = rows.enumerated().map { index, row in
            if index > 0, (row.points, row.buchholz) != (rows[index - 1].points, rows[index - 1].buchholz) { place = index + 1 }
            var row = row
            row.place = place
            return row
        }
    }

    /// Who shares the first place.
    public var leaders: [Row] { rows.filter { $0.place == 1 } }
}
