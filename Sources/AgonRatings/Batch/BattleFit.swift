import Foundation

/// Bradley–Terry strengths of everybody in a table of battles, by any tie model, with what may be compared.
///
///     half:         p = σ(d),   a tie half a win and half a loss
///     davidson:     p ∝ e^(d/2), ν, e^(−d/2)
///     rao-kupper:   p = σ(d − ln θ), rest, σ(−d − ln θ)          d = r_first − r_second in nats
///
/// Where points flow in both directions between all players of an island the strengths maximise the likelihood. Where
/// they do not, someone's strength would be infinite: the island then gets a normal prior about its mean, which
/// `priorDeviations` states, and the players it is needed for are named by `connectivity`. Strengths of different
/// islands are never compared; each island has mean 0.
///
/// - Source: Bradley and Terry 1952, Biometrika 39; Ford 1957, American Mathematical Monthly 64(8), for existence.
public struct BattleFit: Sendable {
    /// What a fit may be told.
    public struct Options: Sendable, Hashable, Codable {
        public var tieModel: TieModel
        /// Standard deviation of a prior about the mean of each island, in rating points; nil for none.
        public var priorDeviation: Double?
        /// The prior's standard deviation where there must be one, in rating points.
        public var fallbackDeviation: Double

        public init(tieModel: TieModel = .half, priorDeviation: Double? = nil, fallbackDeviation: Double = 1000) {
            self.tieModel = tieModel
            self.priorDeviation = priorDeviation
            self.fallbackDeviation = fallbackDeviation
        }
    }

    /// How a tie model fits. Only models with a likelihood can be compared by it.
    public struct TieFit: Sendable, Hashable, Codable {
        /// The model that was used: `half` where there was no tie to learn from or nothing but ties.
        public var model: TieModel
        /// ν of Davidson, θ of Rao and Kupper.
        public var parameter: Double?
        /// In nats. Of `half` with ties it is no likelihood and cannot be compared with the others'.
        public var logLikelihood: Double
        /// 2 · parameters − 2 · log-likelihood, lower is better; nil where there is no likelihood.
        public var informationCriterion: Double?
        /// Share of battles that were ties.
        public var tieShare: Double
    }

    /// Above this many players covariances are not computed: they need their number squared in memory.
    public static let denseCovarianceLimit = 6000

    public let table: BattleTable
    public let connectivity: Connectivity
    public let options: Options
    /// Per player in nats, mean 0 on each island.
    public let strengths: [Double]
    public let tieFit: TieFit
    /// Per island the standard deviation of the prior in rating points; nil where the likelihood spoke alone.
    public let priorDeviations: [Double?]
    /// Whether a prior holds the ratings because the tie model's likelihood has no maximum: ties join players whom no
    /// upset does, so that differences and the tie parameter could grow together for ever.
    public let isTieModelHeld: Bool
    public let iterationCount: Int
    /// Strengths, then the tie parameter on its own scale.
    let values: [Double]

    /// - Throws: `notSolvable`; `invalidOptions` for a deviation that is not positive.
    public init(_ table: BattleTable, options: Options = Options()) throws(RatingError) {
        for deviation in [options.priorDeviation, options.fallbackDeviation].compactMap({ $0 })
        where !(deviation > 0 && deviation.isFinite) {
            throw RatingError(.invalidOptions, "A prior's deviation is positive; it is \(deviation).")
        }
        let connectivity = Connectivity(table)
        var strongCounts = [Set<Int>](repeating: [], count: connectivity.islandCount)
        for player in table.names.indices where !connectivity.hasEstimate {
            strongCounts[connectivity.island[player]].insert(connectivity.strongComponent[player])
        }
        var priors = strongCounts.map { options.priorDeviation ?? ($0.count > 1 ? options.fallbackDeviation : nil) }
        let ties = table.pairs.reduce(0) { $0 + $1.ties }
        let weight = table.pairs.reduce(0) { $0 + $1.weight }
        let model = ties > 0 && ties < weight ? options.tieModel : .half
        var solved: Solved?
        do throws(RatingError) {
            solved = try BattleFit.solve(model, table, connectivity, priors)
        } catch {
            guard model != .half else { throw error }
        }
        isTieModelHeld = model != .half && solved.map { BattleFit.isRunaway($0.values, table.pairs, connectivity) } != false
        if isTieModelHeld {
            priors = priors.map { $0 ?? options.fallbackDeviation }
            solved = try BattleFit.solve(model, table, connectivity, priors)
        }
        guard let found = solved else { preconditionFailure("a fit is solved or has thrown") }
        self.table = table
        self.connectivity = connectivity
        self.options = options
        values = found.values
        strengths = Array(found.values.prefix(table.names.count))
        priorDeviations = priors
        iterationCount = found.iterations
        let parameterCount = table.names.count - connectivity.islandCount + (model == .half ? 0 : 1)
        tieFit = TieFit(
            model: model, parameter: model == .half ? nil : found.values.last.map(exp),
            logLikelihood: found.logLikelihood,
            informationCriterion: model == .half && ties > 0
                ? nil : 2 * Double(parameterCount) - 2 * found.logLikelihood, tieShare: weight > 0 ? ties / weight : 0)
    }

    private struct Solved {
        var values: [Double]
        var iterations: Int
        var logLikelihood: Double
    }

    /// Whether values grew for want of a maximum: without upsets between some players, whom only ties join, differences
    /// and the tie parameter of a tie model may grow together for ever, and a search stops where it is flat.
    ///
    /// 8 nats are 1,390 points.
    static func isRunaway(_ values: [Double], _ pairs: [BattleTable.Pair], _ connectivity: Connectivity) -> Bool {
        guard values.contains(where: { abs($0) > 8 }) else { return false }
        let decisive = pairs.filter { $0.wins + $0.losses > 0 }.map { pair in
            var pair = pair
            pair.ties = 0
            return pair
        }
        let strong = Connectivity(playerCount: connectivity.island.count, pairs: decisive)
        return strong.strongComponentCount != connectivity.islandCount
    }

    private static func solve(
        _ model: TieModel, _ table: BattleTable, _ connectivity: Connectivity, _ priors: [Double?]
    ) throws(RatingError) -> Solved {
        switch model {
        case .half: try solve(HalfTies.self, table, connectivity, priors)
        case .davidson: try solve(Davidson.self, table, connectivity, priors)
        case .raoKupper: try solve(RaoKupper.self, table, connectivity, priors)
        }
    }

    private static func solve<Model: PairLikelihood>(
        _ model: Model.Type, _ table: BattleTable, _ connectivity: Connectivity, _ priors: [Double?]
    ) throws(RatingError) -> Solved {
        guard !table.names.isEmpty else { return Solved(values: [], iterations: 0, logLikelihood: 0) }
        let problem = problem(model, table, connectivity, priors)
        let solution = try problem.solve()
        return Solved(
            values: solution.values, iterations: solution.iterationCount, logLikelihood: problem.logLikelihood(solution.values))
    }

    static func problem<Model: PairLikelihood>(
        _ model: Model.Type, _ table: BattleTable, _ connectivity: Connectivity, _ priors: [Double?]
    ) -> StrengthProblem<Model> {
        StrengthProblem(
            pairs: table.pairs, island: connectivity.island,
            precision: priors.map { prior in prior.map { pow(EloScale.pointsPerNat / $0, 2) } ?? 0 })
    }

    /// P(win), P(tie), P(loss) of one player against another.
    public func probabilities(_ first: Int, _ second: Int) -> (win: Double, tie: Double, loss: Double) {
        let d = strengths[first] - strengths[second]
        switch tieFit.model {
        case .half: return HalfTies(tie: 0).probabilities(d)
        case .davidson: return Davidson(tie: values[values.count - 1]).probabilities(d)
        case .raoKupper: return RaoKupper(tie: values[values.count - 1]).probabilities(d)
        }
    }

    /// Points that `first` is expected to take from a battle with `second`.
    public func expectedScore(_ first: Int, _ second: Int) -> Double {
        let p = probabilities(first, second)
        return p.win + p.tie / 2
    }

    /// Of the tie models with a likelihood the one with the lower information criterion, `half` where no tie was seen.
    ///
    /// - Throws: as a fit.
    public static func bestTieModel(_ table: BattleTable, options: Options = Options()) throws(RatingError) -> TieFit {
        var best: TieFit?
        for model in [TieModel.davidson, .raoKupper] {
            var options = options
            options.tieModel = model
            let fit = try BattleFit(table, options: options).tieFit
            if let seen = best?.informationCriterion, let own = fit.informationCriterion, own >= seen { continue }
            best = fit
        }
        return best ?? TieFit(model: .half, parameter: nil, logLikelihood: 0, informationCriterion: nil, tieShare: 0)
    }
}
