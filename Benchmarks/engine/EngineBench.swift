import AgonCore
import AgonTraining
import AgonTransformer
import CKernels
import Foundation

/// One measurement of the engine at a time, on demand: the side of `engine.py` that is agon's.
///
///     engine-bench FOLDER fp32|bf16|int8 THREADS
///
/// Each line on standard input names a measurement, its answer is one line of JSON with the seconds it took:
/// - `decode B P N`: B sequences with prompts of P tokens are continued greedily by N tokens, none ends earlier;
/// - `step B P N R full|cached`: one DPO step on B pairs with P prompt and N completion tokens; the reference's
///   log-probabilities are computed in it or known before. With R = 0 all weights are trained, products in the format;
///   else a LoRA adapter of rank R on a base in the format;
/// - `first P`: from a cold start, the model is loaded and one token follows a prompt of P tokens;
/// - `limits`: multiply-adds in vectors as wide as the engine's and bytes read a second, the machine's and not the engine's;
/// - `product M N K`: y[M,N] = x[M,K]·wᵀ, and the gradient of w, in the format.
@main
struct EngineBench {
    private struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    private let folder: String
    let weights: WeightFormat
    let threads: Int
    let kernels: Kernels
    let team: OpaquePointer?
    private var loaded: Transformer?

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let weights = WeightFormat(rawValue: arguments[2]), let threads = Int(arguments[3])
        else {
            FileHandle.standardError.write(Data("usage: engine-bench FOLDER fp32|bf16|int8 THREADS\n".utf8))
            exit(2)
        }
        var bench = EngineBench(
            folder: arguments[1], weights: weights, threads: threads, kernels: try Kernels.current,
            team: agon_team_create(Int32(threads)))
        while let line = readLine() {
            print(try bench.answer(line.split(separator: " ").map(String.init)))
            fflush(nil)
        }
    }

    private mutating func answer(_ words: [String]) throws -> String {
        let numbers = words.dropFirst().compactMap { Int($0) }
        switch (words.first, numbers.count) {
        case ("decode", 3): return try decode(numbers[0], numbers[1], numbers[2])
        case ("step", 4): return try step(numbers[0], numbers[1], numbers[2], rank: numbers[3], cached: words.last == "cached")
        case ("limits", 0): return limits()
        case ("product", 3): return product(numbers[0], numbers[1], numbers[2])
        case ("first", 1): return try first(numbers[0])
        default: throw Refused(description: "\(words.joined(separator: " ")) is no measurement")
        }
    }

    private mutating func model() throws -> Transformer {
        if let loaded { return loaded }
        let model = Transformer(try ModelFolder.loadParameters(folder), kernels: kernels, weights: weights)
        model.parameters.releaseMatrices()
        loaded = model
        return model
    }

    /// Token t of sequence s: any that is no special one, the same on both sides of the comparison.
    private func tokens(_ sequence: Int, _ count: Int, _ vocabularySize: Int) -> [Int32] {
        (0..<count).map { Int32(3 + (sequence * 7919 + $0 * 104_729) % (vocabularySize - 3)) }
    }

    func seconds(_ body: () throws -> Void) rethrows -> Double {
        let elapsed = try ContinuousClock().measure(body).components
        return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    }

    private mutating func decode(_ batch: Int, _ prompt: Int, _ new: Int) throws -> String {
        let model = try model()
        let requests = (0..<batch).map { index in
            GenerationRequest(
                tokens: tokens(index, prompt, model.config.vocabularySize), maxNewTokens: new,
                sampling: SamplingOptions(temperature: 0), key: UInt64(index), stopTokens: [])
        }
        var generations: [Generation] = []
        let time = try seconds { generations = try model.generate(requests, maxBatchSize: batch, threads: threads) }
        let last = generations.map { $0.tokens.last.map(String.init) ?? "-" }.joined(separator: ",")
        return "{\"seconds\": \(time), \"last\": [\(last)], \"kernels\": \"\(kernels.name)\", \"peak_mib\": \(peakMemory())}"
    }

    private func step(_ pairCount: Int, _ prompt: Int, _ completion: Int, rank: Int, cached: Bool) throws -> String {
        let parameters = try ModelFolder.loadParameters(folder)
        let v = parameters.config.vocabularySize
        let pairs = (0..<pairCount).map { index in
            let start = tokens(3 * index, prompt, v)
            return TrainingPair(
                chosen: TokenSequence(prompt: start, completion: tokens(3 * index + 1, completion, v)),
                rejected: TokenSequence(prompt: start, completion: tokens(3 * index + 2, completion, v)))
        }
        let reference = Transformer(parameters, kernels: kernels, weights: weights)
        var training = kernels
        var policy = TrainedWeights.parameters(parameters)
        if rank > 0 {
            let config = try AdapterConfig(rank: rank, alpha: Double(2 * rank), targets: .allLinear)
            policy = .adapter(try Adapter.initialised(config, for: reference, seed: 1), base: reference)
            reference.prepareTraining()
            parameters.releaseMatrices()
        } else {
            training.products = weights
        }
        var times: [Double] = []
        let clock = ContinuousClock()
        var start = clock.now
        _ = try PolicyUpdate.run(
            policy: policy, reference: .model(reference), data: .pairs(pairs),
            configuration: TrainingConfiguration(
                beta: 0.1, learningRate: 1e-4, epochs: 6, batchSize: pairs.count, maxGradNorm: 1),
            seed: Seed(run: 1), shardCount: 1, threads: threads, kernels: training
        ) { progress in
            let elapsed = (clock.now - start).components
            times.append(Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
            start = clock.now
            guard !cached else { return }
            _ = try reference.logProbs(of: pairs.flatMap { [$0.chosen, $0.rejected] }, threads: threads)
        }
        let sorted = times.dropFirst().sorted()
        return "{\"seconds\": \(sorted[sorted.count / 2]), \"least\": \(sorted[0]), \"most\": \(sorted[sorted.count - 1]), \"peak_mib\": \(peakMemory())}"
    }

    private mutating func first(_ prompt: Int) throws -> String {
        loaded = nil
        let time = try seconds {
            let model = try model()
            _ = try model.generate(
                [
                    GenerationRequest(
                        tokens: tokens(0, prompt, model.config.vocabularySize), maxNewTokens: 1,
                        sampling: SamplingOptions(temperature: 0), key: 0, stopTokens: [])
                ], threads: threads)
        }
        return "{\"seconds\": \(time), \"peak_mib\": \(peakMemory())}"
    }
}
