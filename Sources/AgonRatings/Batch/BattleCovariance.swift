import Foundation

/// How sure fitted strengths are, and how sure their differences are.
///
/// With H the negative second derivative of the log posterior and u the summed score of what is independent:
///
///     Fisher covariance   = H⁻¹
///     sandwich covariance = H⁻¹ · (Σ u·uᵀ) · H⁻¹
///
/// The sandwich stays right where the pairs of one room depend on one another and where the tie model is wrong; Fisher's
/// needs less evidence. Both are of strengths with mean 0 on each island, the tie parameter estimated along.
public struct BattleCovariance: Sendable {
    private let playerCount: Int
    private let size: Int
    /// H⁻¹ `[size, size]`, with the shift of the gauge still in it.
    private let inverse: [Double]
    /// H⁻¹ · Σ u·uᵀ · H⁻¹ `[size, size]`.
    private let robust: [Double]
    private let island: [Int]
    private let shifts: [Double]

    init<Model: PairLikelihood>(
        _ problem: StrengthProblem<Model>, table: BattleTable, values: [Double]
    ) async throws(RatingError) {
        let at = problem.derivatives(values)
        guard let inverse = await DenseInverse.inverse(of: problem.information(at), size: problem.size) else {
            throw RatingError(
                .notSolvable, "The covariance of \(problem.playerCount) strengths is singular: too few battles join them: "
                    + "take more battles, or system bradley-terry, which a prior holds.")
        }
        robust = await DenseInverse.sandwich(inverse, problem.scoreProducts(table, values), size: problem.size)
        self.inverse = inverse
        playerCount = problem.playerCount
        size = problem.size
        island = problem.island
        shifts = problem.shifts(at)
    }

    /// Fisher's covariance of two strengths of one island, in nats².
    public func fisher(_ one: Int, _ other: Int) -> Double {
        inverse[one * size + other] - (island[one] == island[other] ? shifts[island[one]] : 0)
    }

    /// The sandwich covariance of two strengths of one island, in nats².
    public func sandwich(_ one: Int, _ other: Int) -> Double { robust[one * size + other] }

    /// Variances of the difference of two strengths, in nats².
    public func difference(_ one: Int, _ other: Int) -> (fisher: Double, sandwich: Double) {
        (
            fisher(one, one) + fisher(other, other) - 2 * fisher(one, other),
            sandwich(one, one) + sandwich(other, other) - 2 * sandwich(one, other)
        )
    }
}

extension BattleFit {
    /// The covariance of the strengths, on all cores.
    ///
    /// - Throws: `tooManyPlayers` above `denseCovarianceLimit`, where the bootstrap still works; `notSolvable`.
    public func covariance() async throws(RatingError) -> BattleCovariance {
        guard table.names.count <= BattleFit.denseCovarianceLimit else {
            throw RatingError(
                .tooManyPlayers,
                "\(table.names.count) players are more than the \(BattleFit.denseCovarianceLimit) whose covariance fits "
                    + "in memory: use the bootstrap, or rate fewer.")
        }
        switch tieFit.model {
        case .half: return try await covariance(HalfTies.self)
        case .davidson: return try await covariance(Davidson.self)
        case .raoKupper: return try await covariance(RaoKupper.self)
        }
    }

    private func covariance<Model: PairLikelihood>(_ model: Model.Type) async throws(RatingError) -> BattleCovariance {
        try await BattleCovariance(
            BattleFit.problem(model, table, connectivity, priorDeviations), table: table, values: values)
    }
}
