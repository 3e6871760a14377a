public import AgonCore
import Foundation

/// What the strengths might have been: the battles drawn again with replacement, and fitted again, many times.
///
/// What is independent is drawn: single battles by their counts (one multinomial draw for all of them), rooms whole.
/// Replicate k takes its random numbers from the k-th child of the seed, so neither the number of cores nor the number
/// of replicates changes it.
///
/// Each fit starts at the strengths of all battles and steps by their information, factored once; the few steps until
/// nothing moves by 10⁻⁷ nats need one pass over the pairs each. A draw under which someone's strength is infinite is fitted
/// under the fallback prior and counted.
///
/// - Source: Efron 1979, Annals of Statistics 7(1); Davison and Hinkley 1997, Bootstrap Methods, §3.8 for clusters.
public struct BattleBootstrap: Sendable {
    /// Replicate after replicate `[replicates, players]`, strengths in nats, mean 0 on each island.
    public let strengths: [Double]
    public let playerCount: Int
    public let replicateCount: Int
    /// Replicates that needed the prior, because somebody had won or lost everything in them.
    public let priorCount: Int

    /// The 2.5 % and 97.5 % points of a function of each replicate's strengths.
    public func interval(_ statistic: (UnsafeBufferPointer<Double>) -> Double) -> (low: Double, high: Double) {
        let values = strengths.withUnsafeBufferPointer { all in
            (0..<replicateCount).map { index in
                statistic(UnsafeBufferPointer(rebasing: all[(index * playerCount)..<((index + 1) * playerCount)]))
            }
        }.sorted()
        return (BattleBootstrap.quantile(0.025, values), BattleBootstrap.quantile(0.975, values))
    }

    /// Between sorted values, linearly.
    static func quantile(_ share: Double, _ sorted: [Double]) -> Double {
        guard !sorted.isEmpty else { return .nan }
        let place = share * Double(sorted.count - 1)
        let low = Int(place)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (place - Double(low)) * (sorted[high] - sorted[low])
    }
}

extension BattleFit {
    /// Fits `count` draws of the battles, on all cores.
    ///
    /// - Throws: `notSolvable` for a draw that cannot be fitted even under the prior.
    public func bootstrap(count: Int, seed: Seed) async throws(RatingError) -> BattleBootstrap {
        precondition(count > 0, "a bootstrap has at least one replicate")
        switch tieFit.model {
        case .half: return try await bootstrap(HalfTies.self, count, seed)
        case .davidson: return try await bootstrap(Davidson.self, count, seed)
        case .raoKupper: return try await bootstrap(RaoKupper.self, count, seed)
        }
    }

    private func bootstrap<Model: PairLikelihood>(
        _ model: Model.Type, _ count: Int, _ seed: Seed
    ) async throws(RatingError) -> BattleBootstrap {
        let source = Resampling<Model>(fit: self)
        // Blocks of replicates of a fixed size: what a block holds does not depend on the cores.
        let block = 16
        let results = await withTaskGroup(of: (Int, Result<[Resampling<Model>.Replicate], RatingError>).self) { group in
            for start in stride(from: 0, to: count, by: block) {
                group.addTask {
                    do throws(RatingError) {
                        return (start, .success(try source.replicates(start..<min(start + block, count), seed)))
                    } catch {
                        return (start, .failure(error))
                    }
                }
            }
            var results: [Int: Result<[Resampling<Model>.Replicate], RatingError>] = [:]
            for await (start, result) in group { results[start] = result }
            return results
        }
        var strengths: [Double] = []
        strengths.reserveCapacity(count * table.names.count)
        var priorCount = 0
        for (_, result) in results.sorted(by: { $0.key < $1.key }) {
            for replicate in try result.get() {
                strengths += replicate.values.prefix(table.names.count)
                priorCount += replicate.neededPrior ? 1 : 0
            }
        }
        return BattleBootstrap(
            strengths: strengths, playerCount: table.names.count, replicateCount: count, priorCount: priorCount)
    }
}

/// Draws of a table's battles and their fits.
private struct Resampling<Model: PairLikelihood>: Sendable {
    struct Replicate: Sendable {
        var values: [Double]
        var neededPrior: Bool
    }

    private struct Cell: Sendable {
        var pair: Int32
        var outcome: BattleOutcome
    }

    private let fit: BattleFit
    private let cells: [Cell]
    private let sampler: CountSampler
    /// Of the information at the fit's strengths; nil above the dense limit.
    private let factor: CholeskyFactor?

    init(fit: BattleFit) {
        self.fit = fit
        var cells: [Cell] = []
        var counts: [Int] = []
        for (index, pair) in fit.table.singles.enumerated() {
            for (count, outcome) in [(pair.wins, BattleOutcome.win), (pair.ties, .tie), (pair.losses, .loss)]
            where count > 0 {
                cells.append(Cell(pair: Int32(index), outcome: outcome))
                counts.append(Int(count))
            }
        }
        self.cells = cells
        sampler = CountSampler(counts: counts + Array(repeating: 1, count: fit.table.roomCount))
        let problem = BattleFit.problem(Model.self, fit.table, fit.connectivity, fit.priorDeviations)
        factor =
            problem.size <= 512
            ? CholeskyFactor(problem.information(problem.derivatives(fit.values)), size: problem.size) : nil
    }

    func replicates(_ range: Range<Int>, _ seed: Seed) throws(RatingError) -> [Replicate] {
        var drawn = [Int](repeating: 0, count: sampler.counts.count)
        var pairs = fit.table.pairs
        var result: [Replicate] = []
        for index in range {
            var generator = SeededGenerator(seed.child(.sample, index))
            sampler.draw(into: &drawn, &generator)
            fill(&pairs, drawn)
            result.append(try replicate(pairs))
        }
        return result
    }

    private func fill(_ pairs: inout [BattleTable.Pair], _ drawn: [Int]) {
        for index in pairs.indices { (pairs[index].wins, pairs[index].ties, pairs[index].losses) = (0, 0, 0) }
        for (index, cell) in cells.enumerated() {
            let count = Double(drawn[index])
            switch cell.outcome {
            case .win: pairs[Int(cell.pair)].wins = count
            case .tie: pairs[Int(cell.pair)].ties = count
            case .loss: pairs[Int(cell.pair)].losses = count
            }
        }
        let table = fit.table
        for room in 0..<table.roomCount where drawn[cells.count + room] > 0 {
            let times = Double(drawn[cells.count + room])
            for battle in table.roomBattles[table.roomStarts[room]..<table.roomStarts[room + 1]] {
                pairs[Int(battle.pair)].add(times * battle.weight, battle.outcome)
            }
        }
    }

    private func replicate(_ pairs: [BattleTable.Pair]) throws(RatingError) -> Replicate {
        let island = fit.connectivity.island
        let precision = fit.priorDeviations.map { $0.map { pow(EloScale.pointsPerNat / $0, 2) } ?? 0 }
        let problem = StrengthProblem<Model>(pairs: pairs, island: island, precision: precision)
        if let factor, let values = problem.chord(from: fit.values, factor: factor),
            zip(values, fit.values).allSatisfy({ abs($0 - $1) < 4 })
        {
            return Replicate(values: values, neededPrior: false)
        }
        // Slow, or far away: somebody may have won or lost everything in this draw.
        let drawn = Connectivity(playerCount: island.count, pairs: pairs.filter { $0.weight > 0 })
        let fallback = pow(EloScale.pointsPerNat / fit.options.fallbackDeviation, 2)
        let held = precision.map { max($0, fallback) }
        let ties = pairs.reduce(0) { $0 + $1.ties }
        if fit.tieFit.model != .half, ties == 0 || ties == pairs.reduce(0, { $0 + $1.weight }) {
            // The draw says nothing of the tie parameter.
            let halved = StrengthProblem<HalfTies>(pairs: pairs, island: island, precision: held)
            return Replicate(values: try halved.solve().values + fit.values.suffix(1), neededPrior: held != precision)
        }
        if precision.allSatisfy({ $0 > 0 }) || drawn.strongComponentCount == fit.connectivity.islandCount {
            do throws(RatingError) {
                let values = try problem.solve(from: fit.values).values
                if fit.tieFit.model == .half || held == precision || !BattleFit.isRunaway(values, pairs, fit.connectivity) {
                    return Replicate(values: values, neededPrior: false)
                }
            } catch {
                guard fit.tieFit.model != .half, held != precision else { throw error }
            }
        }
        let holding = StrengthProblem<Model>(pairs: pairs, island: island, precision: held)
        return Replicate(values: try holding.solve(from: fit.values).values, neededPrior: true)
    }
}

extension StrengthProblem {
    /// Newton's method with the information of other counts: each step is one pass over the pairs and one solve.
    ///
    /// - Returns: nil where it does not settle within 16 steps.
    func chord(from start: [Double], factor: CholeskyFactor) -> [Double]? {
        var values = start
        var before = Double.infinity
        for _ in 0..<16 {
            let step = centred(factor.solve(gradient(values)))
            for index in values.indices { values[index] += step[index] }
            let largest = step.reduce(0) { max($0, abs($1)) }
            if largest < 1e-7 { return values }
            guard largest < before, isAdmissible(values) else { return nil }
            before = largest
        }
        return nil
    }
}
