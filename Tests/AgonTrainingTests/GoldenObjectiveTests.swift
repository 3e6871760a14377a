import AgonCore
import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

/// TRL's numbers of the sixteen golden pairs, from tokens to gradients.
@Suite struct GoldenObjectiveTests {
    private static func objective(_ golden: GoldenLoss, _ pairs: [TrainingPair]) throws -> PreferenceObjective {
        try PreferenceObjective(
            pairs, golden.options.loss(),
            ReferenceLogProbs(.model(Transformer(GoldenModel.reference(), kernels: .current)), threads: 1))
    }

    private static func trainee() throws -> Trainee {
        .measuring(try GoldenModel.policy(), kernels: try .current)
    }

    @Test(arguments: try GoldenLoss.cases().filter { $0.options.max_length == nil })
    func `loss, metrics and gradient norms are TRL's`(golden: GoldenLoss) throws {
        let objective = try Self.objective(golden, GoldenModel.pairs())
        let (value, gradient) = try Self.trainee().gradient(of: objective)
        #expect(isClose(value.loss, golden.loss))
        let beta = golden.options.beta ?? 0.1
        for (name, their) in golden.metrics where name != "num_tokens" {
            let our = try #require(value.metrics[name], "\(name) is not measured")
            #expect(isClose(our, their, relative: 2e-5, absolute: 1e-6 * max(1, 2 * beta)), "\(name): \(our), \(their)")
        }
        var total = 0.0
        for tensor in gradient.layout.tensors {
            let square = gradient.memory(of: tensor).reduce(0) { $0 + Double($1) * Double($1) }
            total += square
            let their = try #require(golden.grad_norms[tensor.name])
            #expect(isClose(square.squareRoot(), their, relative: 1e-4, absolute: 1e-7), "\(tensor.name)")
        }
        #expect(isClose(total.squareRoot(), golden.grad_norm, relative: 1e-4))
    }

    @Test(arguments: try GoldenLoss.cases().filter { $0.options.max_length == nil && $0.per_pair_loss != nil })
    func `each pair alone has TRL's loss`(golden: GoldenLoss) throws {
        let objective = try Self.objective(golden, GoldenModel.pairs())
        let trainee = try Self.trainee()
        for (item, their) in try #require(golden.per_pair_loss).enumerated() {
            let our = try trainee.value(of: objective, items: [item]).loss
            #expect(isClose(our, their, relative: 2e-5, absolute: 2e-6), "pair \(item)")
        }
    }

    @Test func `pairs cut at twelve tokens have TRL's loss, and a pair of which nothing is left is dropped`() throws {
        let golden = try #require(try GoldenLoss.cases().first { $0.name == "max_length12_keep_start" })
        let cut = TrainingData.pairs(try GoldenModel.pairs()).truncated(to: 12)
        guard case .pairs(let pairs) = cut.data else { return }
        #expect(cut.droppedCount == 1 && pairs.count == 15)
        #expect(cut.truncatedCount == 11)
        let ours = try Self.trainee().value(of: Self.objective(golden, pairs)).loss
        // TRL was made to keep the sixteenth pair with two empty completions, whose loss is ln 2.
        #expect(isClose((15 * ours + log(2)) / 16, golden.loss))
    }

    @Test func `pairs that lost their beginning have TRL's loss`() throws {
        let golden = try #require(try GoldenLoss.cases().first { $0.name == "max_length12_keep_end" })
        func end(_ sequence: TokenSequence) -> TokenSequence {
            // Nothing predicts a first token, so it is not the policy's own.
            TokenSequence(
                tokens: Array(sequence.tokens.suffix(12)),
                own: [false] + Array(sequence.own.suffix(min(12, sequence.own.count)).dropFirst()))
        }
        let pairs = try GoldenModel.pairs().map { TrainingPair(chosen: end($0.chosen), rejected: end($0.rejected)) }
        let value = try Self.trainee().value(of: Self.objective(golden, pairs))
        #expect(isClose(value.loss, golden.loss))
        for name in ["logps/chosen", "logps/rejected", "entropy", "mean_token_accuracy"] {
            #expect(isClose(try #require(value.metrics[name]), try #require(golden.metrics[name]), relative: 2e-5))
        }
    }
}
