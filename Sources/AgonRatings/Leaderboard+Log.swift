import AgonCore
import Foundation

extension Leaderboard {
    /// The board of a log of battles, by any system.
    ///
    /// Elo's intervals are the spread of ladders over resampled rooms in random orders, about the ladder's own value;
    /// Glicko-2, OpenSkill and TrueSkill come with deviations of their own. The log's order matters to the systems that say
    /// so (`RatingSystem.dependsOnOrder`).
    ///
    /// - Throws: `invalidOptions`, `invalidLog`, and as the fits.
    public init(_ log: BattleLog, options: Options = Options()) async throws(RatingError) {
        let table = log.table()
        switch options.system {
        case .bradleyTerry, .davidson, .raoKupper: try await self.init(table, options: options)
        case .contextual: try await self.init(contextual: log, options: options)
        case .elo, .eloAveraged: try await self.init(elo: log, table, options: options)
        case .glicko2:
            let start = Glicko2.Rating(rating: options.base)
            let glicko = Glicko2(log, roomsPerPeriod: options.roomsPerPeriod, start: start)
            try self.init(
                log, table, values: glicko.ratings.map(\.rating), errors: glicko.ratings.map(\.deviation),
                method: "the system's own deviation, periods of \(options.roomsPerPeriod) rooms", options: options)
        case .plackettLuce, .bradleyTerryFull:
            let model: WengLin.Model = options.system == .plackettLuce ? .plackettLuce : .bradleyTerryFull
            let beliefs = WengLin(log, options: .init(model: model))
            try self.init(
                log, table, values: beliefs.mu, errors: beliefs.sigma, method: "the system's own σ, in its own units",
                options: options)
        case .trueSkill:
            let beliefs = TrueSkill(log)
            try self.init(
                log, table, values: beliefs.mu, errors: beliefs.sigma, method: "the system's own σ, in its own units",
                options: options)
        }
    }

    private static func orderWarning(_ system: RatingSystem) -> String {
        "\(system.rawValue) depends on the order of the log and forgets; players that do not change are better rated by "
            + "bradley-terry."
    }

    /// Values by the table's order of players.
    private static func sorted(_ values: [Double], _ log: BattleLog, _ table: BattleTable) -> [Double] {
        var result = [Double](repeating: 0, count: values.count)
        for (index, name) in log.names.enumerated() { result[table.index(of: name) ?? 0] = values[index] }
        return result
    }

    /// Beliefs with deviations that know nothing of one another.
    private init(
        _ log: BattleLog, _ table: BattleTable, values: [Double], errors: [Double], method: String, options: Options
    ) throws(RatingError) {
        guard options.anchor == nil else {
            throw RatingError(
                .invalidOptions, "\(options.system.rawValue) starts everybody alike and cannot be anchored: leave the anchor out.")
        }
        let connectivity = Connectivity(table)
        let estimate = BoardEstimate(
            values: Leaderboard.sorted(values, log, table),
            uncertainty: options.intervals == .none ? .none : .independent(Leaderboard.sorted(errors, log, table)))
        self.init(
            system: options.system,
            rows: Leaderboard.rows(estimate, table, connectivity, minimum: options.minimumBattleCount),
            base: options.base, anchor: nil, battleCount: table.battleCount, islandCount: connectivity.islandCount,
            intervalMethod: options.intervals == .none ? "none" : method, tieFit: nil, effects: [],
            warnings: Leaderboard.warnings(connectivity, table, priorDeviations: [])
                + [Leaderboard.orderWarning(options.system)])
    }

    private init(elo log: BattleLog, _ table: BattleTable, options: Options) async throws(RatingError) {
        let count = log.names.count
        let isAveraged = options.system == .eloAveraged
        var elo = options.elo
        elo.initial = options.base
        var values = EloLadder(log, options: elo).ratings
        if isAveraged {
            values = await EloLadder.averaged(log, orders: options.orderCount, seed: options.root, options: elo)
        }
        let anchor = try options.anchorIndex(table.names)
        values = Leaderboard.sorted(values, log, table)
        if let anchor { values = values.map { [shift = options.base - values[anchor]] in $0 + shift } }
        var uncertainty = BoardEstimate.Uncertainty.none
        if options.intervals != .none, log.roomCount > 0 {
            var replicateCount = options.orderCount
            if case .bootstrap(let asked) = options.intervals { replicateCount = asked }
            let orders = await EloLadder.orders(
                log, count: replicateCount, seed: options.root.child(.sample, 0), resampling: true, options: elo)
            var replicates = [Double](repeating: 0, count: orders.count)
            for (player, name) in log.names.enumerated() {
                let place = table.index(of: name) ?? 0
                let mean = (0..<replicateCount).reduce(0) { $0 + orders[$1 * count + player] } / Double(replicateCount)
                for index in 0..<replicateCount {
                    replicates[index * count + place] = orders[index * count + player] - mean + values[place]
                }
            }
            uncertainty = .replicates(
                BattleBootstrap(
                    strengths: replicates, playerCount: count, replicateCount: replicateCount, priorCount: 0))
        }
        let connectivity = Connectivity(table)
        let estimate = BoardEstimate(values: values, uncertainty: uncertainty, anchor: nil)
        self.init(
            system: options.system,
            rows: Leaderboard.anchoredRows(
                estimate, anchor, table, connectivity, minimum: options.minimumBattleCount), base: options.base,
            anchor: options.anchor, battleCount: table.battleCount, islandCount: connectivity.islandCount,
            intervalMethod: options.intervals == .none ? "none" : "ladders over resampled rooms in random orders",
            tieFit: nil, effects: [],
            warnings: Leaderboard.warnings(connectivity, table, priorDeviations: [])
                + (isAveraged ? [] : [Leaderboard.orderWarning(.elo)]))
    }

    private init(contextual log: BattleLog, options: Options) async throws(RatingError) {
        let fit = try await ContextualFit(
            log, options: .init(penalty: options.covariatePenalty, fallbackDeviation: options.fit.fallbackDeviation))
        let anchor = try options.anchorIndex(fit.table.names)
        var shift = [Double](repeating: options.base, count: fit.connectivity.islandCount)
        if let anchor { shift[fit.connectivity.island[anchor]] -= EloScale.pointsPerNat * fit.strengths[anchor] }
        let values = fit.strengths.indices.map {
            EloScale.pointsPerNat * fit.strengths[$0] + shift[fit.connectivity.island[$0]]
        }
        let estimate = BoardEstimate(
            values: values, uncertainty: options.intervals == .none || values.isEmpty ? .none : .contextual(fit))
        self.init(
            system: .contextual,
            rows: Leaderboard.anchoredRows(
                estimate, anchor, fit.table, fit.connectivity, minimum: options.minimumBattleCount),
            base: options.base, anchor: options.anchor, battleCount: fit.table.battleCount,
            islandCount: fit.connectivity.islandCount,
            intervalMethod: options.intervals == .none ? "none" : "sandwich, covariates estimated along", tieFit: nil,
            effects: fit.effects,
            warnings: Leaderboard.warnings(fit.connectivity, fit.table, priorDeviations: fit.priorDeviations))
    }
}
