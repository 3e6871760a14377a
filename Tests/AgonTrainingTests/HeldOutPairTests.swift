import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

/// Pairs that an update sets aside and measures.
@Suite struct HeldOutPairTests {
    private static let pairs = ToyTask.pairs(count: 40, seed: 3)

    /// Pairs of many prompts, two of each.
    private static func pairs(count: Int) -> [TrainingPair] {
        (0..<count).map { index in
            let prompt = [0, Int32(index / 2 % 63), Int32(index / 126)]
            return TrainingPair(
                chosen: TokenSequence(prompt: prompt, completion: [1, Int32(index % 2)]),
                rejected: TokenSequence(prompt: prompt, completion: [2]))
        }
    }

    private static func split(
        _ share: Double, _ pairs: [TrainingPair] = pairs
    ) throws -> (inside: [TrainingPair], outside: [TrainingPair]) {
        let known = UpdateReference.logProbs(chosen: pairs.indices.map(Double.init), rejected: pairs.indices.map { -Double($0) })
        let split = TrainingData.pairs(pairs).split(evalShare: share, known)
        guard case .pairs(let inside) = split.training.data else { return ([], []) }
        guard let part = split.heldOut, case .pairs(let outside) = part.data else { return (inside, []) }
        guard case .logProbs(let chosen, let rejected) = part.reference else { return ([], []) }
        #expect(chosen.map { pairs[Int($0)] } == outside && rejected == chosen.map { -$0 })
        #expect(part.numbers == chosen.map { Int($0) })
        #expect(split.training.numbers?.map { pairs[$0] } == inside)
        return (inside, outside)
    }

    @Test func `the prompt alone decides, every share has those of the smaller ones, and nothing is lost`() throws {
        let pairs = Self.pairs(count: 200)
        var before: Set<TrainingPair> = []
        for share in [0.1, 0.3, 0.5, 0.8] {
            let (inside, outside) = try Self.split(share, pairs)
            #expect(inside.count + outside.count == 200)
            func prompts(_ pairs: [TrainingPair]) -> Set<[Int32]> { Set(pairs.map { Array($0.chosen.tokens.prefix(3)) }) }
            #expect(prompts(inside).isDisjoint(with: prompts(outside)))
            #expect(before.isSubset(of: outside) && outside.count > before.count)
            before = Set(outside)
        }
        #expect(try Self.split(0, pairs).outside.isEmpty)
        #expect(try Self.split(0.999_999_999, pairs).inside.count == 200, "where nothing would be left, all is trained on")
    }

    @Test func `about a share of many prompts is set aside`() {
        let split = TrainingData.pairs(Self.pairs(count: 4000)).split(evalShare: 0.25, .logProbs(chosen: [], rejected: []))
        #expect(abs((split.heldOut?.data.count ?? 0) - 1000) < 150)
    }

    @Test func `pairs of one group stay together, in whichever words either side was asked`() throws {
        // Nothing but the beginning of every text is common to both sides.
        let pairs = (0..<120).map { index in
            TrainingPair(
                chosen: TokenSequence(prompt: [0, Int32(2 + index % 3)], completion: [1, Int32(index % 7)]),
                rejected: TokenSequence(prompt: [0, Int32(5 + index % 2)], completion: [2]), group: index / 3 - 20)
        }
        let (inside, outside) = try Self.split(0.3, pairs)
        func groups(_ pairs: [TrainingPair]) -> Set<Int?> { Set(pairs.map(\.group)) }
        #expect(groups(inside).count + groups(outside).count == 40 && groups(outside).count > 5)
        #expect(groups(inside).isDisjoint(with: groups(outside)))
        // Another round's pairs of the same prompts fall on the same side.
        let later = pairs.map { TrainingPair(chosen: $0.rejected, rejected: $0.chosen, group: $0.group) }
        #expect(try groups(Self.split(0.3, later).outside) == groups(outside))
    }

    @Test func `an update of one prompt says that nothing was set aside`() throws {
        let pairs = Self.pairs.map { TrainingPair(chosen: $0.chosen, rejected: $0.rejected, group: 3) }
        let outcome = try train(0.3, pairs)
        #expect(outcome.metrics["eval_pair_count"] == 0 && outcome.metrics["eval_loss"] == nil)
        #expect(try train(0, pairs).metrics["eval_pair_count"] == nil)
    }

    @Test func `messages call a pair by its place among all, whichever half it fell into and whatever was dropped`() throws {
        var pairs = Self.pairs
        let split = TrainingData.pairs(pairs).split(evalShare: 0.3, .logProbs(chosen: [], rejected: []))
        for part in [split.training, try #require(split.heldOut)] {
            let number = try #require(part.numbers?.last)
            pairs[number].weight = -1
            let error = #expect(throws: TrainingError.self) { try train(0.3, pairs) }
            #expect(error?.message.contains("The weight of pair \(number) must") == true)
            pairs[number].weight = 1
        }
        // Its prompt alone is too long, so that it is dropped before the others are counted.
        let long = TokenSequence(prompt: [0, 2, 3, 4, 5, 6], completion: [1])
        let cut = TrainingData.pairs([TrainingPair(chosen: long, rejected: long)] + pairs).truncated(to: 5)
        #expect(cut.numbers == Array(1...40) && cut.droppedCount == 1)
    }

    @Test func `a pair set aside that does not fit the model is an error of its own measurement`() throws {
        var pairs = Self.pairs
        let split = TrainingData.pairs(pairs).split(evalShare: 0.3, .logProbs(chosen: [], rejected: []))
        pairs[try #require(split.heldOut?.numbers?.first)].chosen.tokens[2] = 4000
        let error = #expect(throws: TrainingError.self) { try train(0.3, pairs) }
        #expect(error?.code == .invalidData && error?.underlying is TransformerError)
        #expect(error?.message.hasPrefix("Before the first step, measuring the pairs set aside: ") == true)
    }

    private func train(_ share: Double, _ pairs: [TrainingPair], dropout: Double? = nil) throws -> TrainingOutcome {
        let parameters = Parameters.initialised(ToyTask.config, seed: 1)
        let base = Transformer(parameters, kernels: try .current)
        var policy = parameters.trained
        if let dropout {
            let config = try AdapterConfig(rank: 4, alpha: 8, dropout: dropout, targets: .allLinear)
            policy = .adapter(try Adapter.initialised(config, for: base, seed: 1), base: base)
        }
        return try PolicyUpdate.run(
            policy: policy, reference: .model(base), data: .pairs(pairs),
            configuration: TrainingConfiguration(
                method: .dpo(PreferenceLoss([.sigmoid], beta: 0.3)), learningRate: 5e-3, epochs: 4, batchSize: 4,
                evalShare: share), seed: Seed(run: 2))
    }

    @Test(arguments: [nil, 0.2])
    func `what is set aside changes no step, and its metrics are those of the weights`(dropout: Double?) throws {
        let (inside, outside) = try Self.split(0.3)
        let (alone, outcome) = (try train(0, inside, dropout: dropout), try train(0.3, Self.pairs, dropout: dropout))
        #expect(outcome.trained.memory.values.elementsEqual(alone.trained.memory.values))
        #expect(outcome.steps == alone.steps)
        #expect(outcome.metrics["eval_pair_count"] == Double(outside.count))
        #expect(outcome.metrics["eval_rewards/accuracies/first"] == 0)
        #expect(try abs(#require(outcome.metrics["eval_loss/first"]) - log(2)) < 1e-6)
        // The same numbers from whole forward passes, without the objective.
        let kernels = try Kernels.current
        let start = Transformer(Parameters.initialised(ToyTask.config, seed: 1), kernels: kernels)
        let end = outcome.trained.transformer(kernels: kernels)
        func sums(_ model: Transformer, _ side: KeyPath<TrainingPair, TokenSequence>) throws -> [Double] {
            try model.logProbs(of: outside.map { $0[keyPath: side] }).map { $0.reduce(0) { $0 + Double($1) } }
        }
        let (chosen, rejected) = (try sums(end, \.chosen), try sums(end, \.rejected))
        let margins = try zip(zip(chosen, sums(start, \.chosen)), zip(rejected, sums(start, \.rejected))).map {
            0.3 * (($0.0 - $0.1) - ($1.0 - $1.1))
        }
        let loss = margins.reduce(0) { $0 + log(1 + exp(-$1)) } / Double(margins.count)
        #expect(isClose(try #require(outcome.metrics["eval_loss"]), loss))
        let margin = margins.reduce(0, +) / Double(margins.count)
        #expect(isClose(try #require(outcome.metrics["eval_rewards/margins"]), margin, absolute: 1e-6))
        #expect(isClose(try #require(outcome.metrics["eval_logps/chosen"]), chosen.reduce(0, +) / Double(chosen.count)))
    }
}
