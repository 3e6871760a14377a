import AgonCore
import Foundation

extension Leaderboard {
    /// The board of a table of battles, by a system that needs only counts.
    ///
    /// - Throws: `invalidOptions` for a system that needs the log or an anchor that has not played; as the fit.
    public init(_ table: BattleTable, options: Options = Options()) async throws(RatingError) {
        guard let tieModel = options.system.tieModel, options.system.needsOnlyCounts else {
            throw RatingError(
                .invalidOptions, "\(options.system.rawValue) depends on the order of battles: give it the log, not counts.")
        }
        var fitOptions = options.fit
        fitOptions.tieModel = tieModel
        let fit = try BattleFit(table, options: fitOptions)
        try await self.init(fit, options: options)
    }

    /// The board of a fit.
    ///
    /// - Throws: `invalidOptions` where the anchor has not played; as `covariance` and `bootstrap`.
    public init(_ fit: BattleFit, options: Options = Options()) async throws(RatingError) {
        let table = fit.table
        let anchor = try options.anchorIndex(table.names)
        let provisional = Leaderboard.isProvisional(table, fit.connectivity, minimum: options.minimumBattleCount)
        let uncertainty: BoardEstimate.Uncertainty
        let method: String
        switch options.intervals {
        case .none:
            uncertainty = .none
            method = "none"
        case .fisher:
            uncertainty = table.names.isEmpty ? .none : .fisher(try await fit.covariance())
            method = "Fisher information"
        case .sandwich:
            uncertainty =
                table.names.isEmpty ? .none : .sandwich(try await fit.covariance(), isProvisional: provisional)
            method = "sandwich" + (table.roomCount > 0 ? " clustered by room (\(table.roomCount) rooms)" : "")
        case .bootstrap(let count):
            let sample = try await fit.bootstrap(count: count, seed: options.root)
            uncertainty = .bootstrap(sample)
            method =
                "\(count) bootstrap replicates" + (table.roomCount > 0 ? ", rooms drawn whole" : "")
                + (sample.priorCount > 0 ? ", \(sample.priorCount) of them under the prior" : "")
        }
        // Islands without the anchor keep their mean at the base.
        var shift = [Double](repeating: 0, count: fit.connectivity.islandCount)
        if let anchor { shift[fit.connectivity.island[anchor]] = -EloScale.pointsPerNat * fit.strengths[anchor] }
        let zero = fit.connectivity.island.map { options.base + shift[$0] }
        let estimate = BoardEstimate(
            values: zip(fit.strengths, zero).map { EloScale.pointsPerNat * $0 + $1 }, uncertainty: uncertainty,
            anchor: nil, zero: zero)
        var warnings = Leaderboard.warnings(fit.connectivity, table, priorDeviations: fit.priorDeviations)
        if fit.isTieModelHeld {
            warnings.append(
                "\(fit.options.tieModel.rawValue)'s likelihood has no maximum on these battles: ties join players between whom "
                    + "there is no upset. A normal prior of \(Int(fit.options.fallbackDeviation.rounded())) points holds the "
                    + "ratings; ties as half wins (bradley-terry) need none.")
        }
        if options.intervals != .none, table.names.count <= Intransitivity.gameLimit,
            let warning = Intransitivity(fit, playsGames: false).warning
        {
            warnings.append(warning)
        }
        self.init(
            system: options.system,
            rows: Leaderboard.anchoredRows(
                estimate, anchor, table, fit.connectivity, minimum: options.minimumBattleCount), base: options.base,
            anchor: options.anchor, battleCount: table.battleCount, islandCount: fit.connectivity.islandCount,
            intervalMethod: method, tieFit: fit.tieFit, effects: [],
            warnings: warnings)
    }

    /// Rows whose intervals on the anchor's island are of the difference to the anchor.
    static func anchoredRows(
        _ estimate: BoardEstimate, _ anchor: Int?, _ table: BattleTable, _ connectivity: Connectivity, minimum: Int
    ) -> [Row] {
        var rows = rows(estimate, table, connectivity, minimum: minimum)
        guard let anchor else { return rows }
        var anchored = estimate
        anchored.anchor = anchor
        let indices = Dictionary(uniqueKeysWithValues: table.names.enumerated().map { ($1, $0) })
        for row in rows.indices where rows[row].island == connectivity.island[anchor] {
            guard let player = indices[rows[row].name] else { continue }
            let ends = anchored.ends(of: player)
            (rows[row].rating.low, rows[row].rating.high) = (ends.low, ends.high)
        }
        return rows
    }

    /// What must be said about who can be compared with whom.
    static func warnings(_ connectivity: Connectivity, _ table: BattleTable, priorDeviations: [Double?]) -> [String] {
        var warnings: [String] = []
        if connectivity.islandCount > 1 {
            warnings.append(
                "The players lie on \(connectivity.islandCount) islands that no battle joins; ratings and ranks of "
                    + "different islands cannot be compared.")
        }
        func named(_ flags: [Bool], _ singular: String, _ plural: String) {
            let names = table.names.indices.filter { flags[$0] }.map { table.names[$0] }
            guard !names.isEmpty else { return }
            let shown = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
            warnings.append("\(names.count == 1 ? singular : plural): \(shown).")
        }
        named(connectivity.isWinless, "One player never scored", "\(connectivity.isWinless.count { $0 }) players never scored")
        named(
            connectivity.isPerfect, "One player never dropped a point",
            "\(connectivity.isPerfect.count { $0 }) players never dropped a point")
        let others = table.names.indices.map {
            connectivity.isSeparated[$0] && !connectivity.isWinless[$0] && !connectivity.isPerfect[$0]
        }
        named(
            others, "One more player belongs to a group that points reach in one direction only",
            "\(others.count { $0 }) more players belong to groups that points reach in one direction only")
        let deviations = Set(zip(priorDeviations, connectivity.mainNeedsPrior).filter { $1 }.compactMap { $0.0 }).sorted()
        if !deviations.isEmpty {
            let shown = deviations.map { "\(Int($0.rounded()))" }.joined(separator: ", ")
            warnings.append(
                "Without a prior their ratings would be infinite; a normal prior of \(shown) points about the mean of the "
                    + "island holds them, and they are provisional.")
        }
        return warnings
    }
}

extension Connectivity {
    /// Per island, whether someone's strength would be infinite without a prior.
    var mainNeedsPrior: [Bool] {
        var result = [Bool](repeating: false, count: islandCount)
        for player in island.indices where isSeparated[player] { result[island[player]] = true }
        return result
    }
}
