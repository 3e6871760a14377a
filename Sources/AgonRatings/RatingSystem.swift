/// The rating systems by the names that users write.
public enum RatingSystem: String, Sendable, Hashable, Codable, CaseIterable {
    /// Bradley–Terry, a tie half a win: the default.
    case bradleyTerry = "bradley-terry"
    /// Bradley–Terry with Davidson's model of ties.
    case davidson
    /// Bradley–Terry with Rao and Kupper's model of ties.
    case raoKupper = "rao-kupper"
    /// Bradley–Terry with covariates of each game: style, length, seat.
    case contextual
    /// Elo in the order of the log.
    case elo
    /// Elo averaged over random orders of the log.
    case eloAveraged = "elo-averaged"
    case glicko2 = "glicko-2"
    /// Weng and Lin's Plackett–Luce, as in OpenSkill.
    case plackettLuce = "plackett-luce"
    /// Weng and Lin's Bradley–Terry over all pairs of a room, as in OpenSkill.
    case bradleyTerryFull = "bradley-terry-full"
    case trueSkill = "trueskill"

    /// Whether counts of battles suffice; the others need the log, in order and with whole rooms.
    public var needsOnlyCounts: Bool {
        switch self {
        case .bradleyTerry, .davidson, .raoKupper: true
        case .contextual, .elo, .eloAveraged, .glicko2, .plackettLuce, .bradleyTerryFull, .trueSkill: false
        }
    }

    /// Whether the order of the rooms changes the result.
    public var dependsOnOrder: Bool {
        switch self {
        case .bradleyTerry, .davidson, .raoKupper, .contextual, .eloAveraged: false
        case .elo, .glicko2, .plackettLuce, .bradleyTerryFull, .trueSkill: true
        }
    }

    /// The tie model of the systems that have one.
    public var tieModel: TieModel? {
        switch self {
        case .bradleyTerry, .contextual: .half
        case .davidson: .davidson
        case .raoKupper: .raoKupper
        case .elo, .eloAveraged, .glicko2, .plackettLuce, .bradleyTerryFull, .trueSkill: nil
        }
    }
}
