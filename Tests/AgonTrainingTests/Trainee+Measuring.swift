import AgonCore
import AgonTransformer

@testable import AgonTraining

extension Trainee {
    /// A trainee that will take no step.
    static func measuring(_ parameters: Parameters, kernels: Kernels, shardCount: Int = 1) -> Trainee {
        Trainee(
            copying: parameters, try! AdamWOptions(),
            .init(peak: 0, schedule: .constant, warmupSteps: 0, stepCount: 1), kernels: kernels,
            shardCount: shardCount, threads: 1)
    }

    /// An objective's value on some items, on all where nil.
    func value(of objective: any Objective, items: [Int]? = nil) throws -> ObjectiveValue {
        let items = items ?? Array(0..<objective.itemCount)
        let sequences = objective.sequences(of: items)
        let probes = objective.probes(of: items)
        let answers = probes.isEmpty ? [] : try logProbs(of: probes, statistics: false).values
        let forward = try logProbs(of: sequences, statistics: true, collision: objective.readsCollision)
        return try objective.evaluate(
            items, forward, probes: answers, StepContext(ownTokenCount: sequences.reduce(0) { $0 + $1.ownCount }))
    }

    /// The same with its gradient in all parameters.
    func gradient(of objective: any Objective) throws -> (ObjectiveValue, Parameters) {
        let value = try value(of: objective)
        try accumulate(dLogProbs: value.dLogProbs)
        return (value, accumulated() as! Parameters)
    }
}
