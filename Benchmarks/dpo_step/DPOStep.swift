import AgonCore
import AgonTraining
import AgonTransformer
import Foundation

/// One DPO step at a time, on demand: the side of `dpo_step.py` that is agon's.
///
///     dpo-step POLICY_FOLDER REFERENCE_FOLDER PAIRS.json THREADS cached|fresh
///
/// Each line on standard input asks for one optimiser step on all pairs; the answer is one line of JSON with the
/// step's loss and seconds and the kernel path. With `fresh` the reference's forward pass is part of every step; with `cached` its
/// log-probabilities are computed once, before the first. End of input ends the process.
@main
struct DPOStep {
    /// A pair as the Python side wrote it: prompt and completion per side, because sides need not share a prompt.
    private struct Pair: Decodable {
        struct Side: Decodable {
            let prompt: [Int32]
            let completion: [Int32]

            var sequence: TokenSequence { TokenSequence(prompt: prompt, completion: completion) }
        }

        let chosen: Side
        let rejected: Side
    }

    /// Standard input ended.
    private struct Finished: Error {}

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 6, let threads = Int(arguments[4]), ["cached", "fresh"].contains(arguments[5]) else {
            FileHandle.standardError.write(
                Data("usage: dpo-step POLICY_FOLDER REFERENCE_FOLDER PAIRS.json THREADS cached|fresh\n".utf8))
            exit(2)
        }
        let kernels = try Kernels.current
        let policy = try ModelFolder.loadParameters(arguments[1])
        let reference = Transformer(try ModelFolder.loadParameters(arguments[2]), kernels: kernels)
        let pairs = try JSONDecoder().decode([Pair].self, from: Data(contentsOf: URL(fileURLWithPath: arguments[3])))
            .map { TrainingPair(chosen: $0.chosen.sequence, rejected: $0.rejected.sequence) }
        let clock = ContinuousClock()
        var start = clock.now

        /// Waits for the next request and starts its clock.
        func nextRequest() throws {
            guard readLine() != nil else { throw Finished() }
            start = clock.now
            guard arguments[5] == "fresh" else { return }
            _ = try reference.logProbs(of: pairs.flatMap { [$0.chosen, $0.rejected] }, threads: threads)
        }

        do {
            try nextRequest()
            _ = try PolicyUpdate.run(
                policy: policy, reference: .model(reference), data: .pairs(pairs),
                configuration: TrainingConfiguration(
                    beta: 0.1, learningRate: 1e-4, epochs: 1000, batchSize: pairs.count, maxGradNorm: 1,
                    adamBeta2: 0.999),
                seed: Seed(run: 1), shardCount: threads, threads: threads, kernels: kernels
            ) { progress in
                let elapsed = (clock.now - start).components
                let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
                print("{\"loss\": \(progress.metrics["loss"] ?? .nan), \"seconds\": \(seconds), \"kernels\": \"\(kernels.name)\"}")
                fflush(nil)
                try nextRequest()
            }
        } catch is Finished {}
    }
}
