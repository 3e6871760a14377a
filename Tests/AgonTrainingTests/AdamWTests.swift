import AgonTransformer
import Foundation
import Testing

@testable import AgonTraining

@Suite struct AdamWTests {
    private static let config: ModelConfig = {
        try! ModelConfig(
            vocabularySize: 11, hiddenSize: 8, layerCount: 2, headCount: 2, feedForwardSize: 12, tiesEmbeddings: false)
    }()

    /// AdamW in double, written from the paper.
    private func expected(
        _ start: Parameters, gradients: [Parameters], learningRate: Double, _ options: AdamWOptions
    ) -> [Double] {
        var p = start.values.map(Double.init)
        var m = Array(repeating: 0.0, count: p.count)
        var v = m
        let decayed = start.layout.tensors.flatMap { Array(repeating: !$0.name.contains("norm"), count: $0.count) }
        for (index, gradient) in gradients.enumerated() {
            let t = Double(index + 1)
            let norm = gradient.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            let scale = options.maxGradNorm > 0 ? min(1, options.maxGradNorm / (norm + 1e-6)) : 1
            for i in p.indices {
                let g = Double(gradient.values[i]) * scale
                if decayed[i] { p[i] *= 1 - learningRate * options.weightDecay }
                m[i] = options.beta1 * m[i] + (1 - options.beta1) * g
                v[i] = options.beta2 * v[i] + (1 - options.beta2) * g * g
                let mean = m[i] / (1 - pow(options.beta1, t))
                let meanSquare = v[i] / (1 - pow(options.beta2, t))
                p[i] -= learningRate * mean / (meanSquare.squareRoot() + options.epsilon)
            }
        }
        return p
    }

    @Test(arguments: [(0.0, 0.0), (0.1, 0.0), (0.1, 1.0)])
    func `three steps are those of the paper in double precision`(decay: Double, maxGradNorm: Double) throws {
        let options = try AdamWOptions(weightDecay: decay, maxGradNorm: maxGradNorm)
        let parameters = Parameters.initialised(Self.config, seed: 1)
        let start = parameters.copy()
        let gradients = (2...4).map { Parameters.initialised(Self.config, seed: $0) }
        var optimiser = AdamW(Parameters(zeros: Self.config), options, kernels: try .current)
        for gradient in gradients {
            let norm = try optimiser.step(parameters, gradient: gradient, learningRate: 1e-2)
            let plain = gradient.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(isClose(norm, plain))
        }
        let reference = expected(start, gradients: gradients, learningRate: 1e-2, options)
        for (ours, theirs) in zip(parameters.values, reference) { #expect(abs(Double(ours) - theirs) < 1e-6) }
    }

    @Test func `a gradient that is not finite changes nothing`() throws {
        let parameters = Parameters.initialised(Self.config, seed: 1)
        let start = parameters.copy()
        let gradient = Parameters(zeros: Self.config)
        gradient.values[17] = .infinity
        var optimiser = AdamW(Parameters(zeros: Self.config), try AdamWOptions(), kernels: try .current)
        let error = #expect(throws: TrainingError.self) {
            try optimiser.step(parameters, gradient: gradient, learningRate: 1)
        }
        #expect(error?.code == .nonFiniteLoss)
        #expect(parameters.values.elementsEqual(start.values))
    }
}
