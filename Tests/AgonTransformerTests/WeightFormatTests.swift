import AgonCore
import Testing

@testable import AgonTransformer

/// Models whose matrices are held in another format than float32, and training that multiplies in one.
@Suite struct WeightFormatTests {
    static let narrow = [WeightFormat.bfloat16, .int8]

    private static func base(_ kernels: Kernels, _ format: WeightFormat = .float32) throws -> Transformer {
        Transformer(
            try GoldenFile("dpo/policy.safetensors").parameters(GoldenFile.config(tied: true)), kernels: kernels,
            weights: format)
    }

    private static func adapter(_ base: Transformer, seed: UInt64 = 1, dora: Bool = true) throws -> Adapter {
        try AdapterGradientTests.lively(
            AdapterConfig(rank: 4, targets: .allLinear, usesMagnitudes: dora), base, seed: seed, size: 0.1)
    }

    private static func distance(_ values: [Float], _ exact: [Float]) -> Double {
        let (square, whole) = zip(values, exact).reduce((0.0, 0.0)) {
            ($0.0 + Double($1.0 - $1.1) * Double($1.0 - $1.1), $0.1 + Double($1.1) * Double($1.1))
        }
        return (square / whole).squareRoot()
    }

    @Test("a base is packed once in each format, and a view of it keeps its adapter", arguments: narrow)
    func heldOnce(format: WeightFormat) throws {
        let base = try Self.base(.current)
        let adapter = try Self.adapter(base)
        let view = base.adapted(by: adapter)
        let held = view.held(in: format)
        #expect(held.weights == format && held.parameters === base.parameters)
        #expect(held.sharesBase(with: base.held(in: format)) && !held.sharesBase(with: base))
        #expect(view.held(in: .float32) === view)
        let direct = try Self.base(.current, format).adapted(by: adapter)
        let values = try held.logProbs(of: AdapterBatchTests.sequences)
        #expect(try direct.logProbs(of: AdapterBatchTests.sequences) == values)
        #expect(try view.logProbs(of: AdapterBatchTests.sequences) != values)
    }

    @Test("in every format and on every path a replay has the log-probabilities of the draw, whatever width and threads", arguments: narrow)
    func replay(format: WeightFormat) throws {
        for kernels in Kernels.allAvailable {
            let base = try Self.base(kernels, format)
            for model in [base, base.adapted(by: try Self.adapter(base))] {
                let requests = (0..<40).map { (index: Int) -> GenerationRequest in
                    let prompt = (0..<index / 3 % 13).map { (place: Int) -> Int32 in Int32((place * 13 + index / 3) % 128) }
                    return GenerationRequest(tokens: [1] + prompt, maxNewTokens: 1 + index % 9, key: UInt64(index))
                }
                let made = try model.generate(requests)
                #expect(try model.generate(requests, maxBatchSize: 5, threads: 2) == made, "\(kernels.name)")
                let sequences = zip(requests, made).map { TokenSequence(prompt: $0.tokens, completion: $1.tokens) }
                #expect(try model.logProbs(of: sequences, threads: 2) == made.map(\.logProbs), "\(kernels.name)")
                #expect(try sequences.map { try model.logProbs(of: [$0])[0] } == made.map(\.logProbs))
            }
        }
    }

    @Test("training with bfloat16 products sees what a model held as bf16 says, and its gradient is near that of float32")
    func products() throws {
        for kernels in Kernels.allAvailable {
            var rounding = kernels
            rounding.products = .bfloat16
            let base = try Self.base(kernels)
            func gradient(_ kernels: Kernels) throws -> (values: [[Float]], gradient: [Float]) {
                let pass = TrainingPass(base.config, kernels: kernels)
                let values = try pass.forward(AdapterBatchTests.sequences, base.parameters)
                let gradient = Parameters(zeros: base.config)
                pass.backward(dLogProbs: values.map { $0.map { $0 + 1 } }, into: gradient)
                return (values, Array(gradient.values))
            }
            let (exact, rounded) = (try gradient(kernels), try gradient(rounding))
            #expect(try base.held(in: .bfloat16).logProbs(of: AdapterBatchTests.sequences) == rounded.values)
            let distance = Self.distance(rounded.gradient, exact.gradient)
            #expect(distance > 0 && distance < 0.02, "\(kernels.name): \(distance)")
        }
    }

    /// Large enough that its products are worth a second thread.
    @Test("the bits of a training pass in each format do not depend on the threads")
    func threads() throws {
        let config = try ModelConfig(vocabularySize: 128, hiddenSize: 128, layerCount: 2, headCount: 4, feedForwardSize: 256)
        for kernels in Kernels.allAvailable {
            var rounding = kernels
            rounding.products = .bfloat16
            let parameters = Parameters.initialised(config, seed: 5)
            func whole(_ threads: Int) throws -> [Float] {
                let pass = TrainingPass(config, kernels: rounding.withThreads(threads))
                let values = try pass.forward(AdapterBatchTests.sequences, parameters)
                let gradient = Parameters(zeros: config)
                pass.backward(dLogProbs: values.map { $0.map { $0 + 1 } }, into: gradient)
                return values.joined() + Array(gradient.values)
            }
            #expect(try whole(1) == whole(2), "\(kernels.name)")
            for format in Self.narrow {
                func adapted(_ threads: Int) throws -> [Float] {
                    let base = Transformer(parameters, kernels: kernels.withThreads(threads), weights: format)
                    let adapter = try Self.adapter(base)
                    let pass = TrainingPass(adapting: base)
                    let values = try pass.forward(
                        AdapterBatchTests.sequences, AdapterBatch(adapter, count: AdapterBatchTests.sequences.count))
                    let gradient = adapter.zeroAdapter()
                    pass.backward(dLogProbs: values.map { $0.map { $0 + 1 } }, into: [gradient])
                    return values.joined() + Array(gradient.values)
                }
                #expect(try adapted(1) == adapted(2), "\(format) on \(kernels.name)")
            }
        }
    }

    @Test("on a rounded base an adapter's gradient is near that on the exact one, and the same beside other adapters as alone", arguments: [(WeightFormat.bfloat16, 0.02), (.int8, 0.05)])
    func adapters(format: WeightFormat, bound: Double) throws {
        for kernels in Kernels.allAvailable {
            let base = try Self.base(kernels)
            let adapters = [try Self.adapter(base, dora: false), try Self.adapter(base, seed: 2, dora: false)]
            func gradients(_ base: Transformer, _ adapters: [Adapter], _ chosen: [Int]) throws -> [[Float]] {
                let pass = TrainingPass(adapting: base)
                let values = try pass.forward(
                    chosen.map { AdapterBatchTests.sequences[$0] },
                    AdapterBatch(adapters, indices: chosen.map { $0 % adapters.count }))
                let made = adapters.map { $0.zeroAdapter() }
                pass.backward(dLogProbs: values.map { $0.map { _ in 1 } }, into: made)
                return made.map { Array($0.values) }
            }
            let held = base.held(in: format)
            let all = Array(AdapterBatchTests.sequences.indices)
            let mixed = try gradients(held, adapters, all)
            let even = all.filter { $0.isMultiple(of: 2) }
            #expect(try gradients(held, [adapters[0]], even)[0] == mixed[0], "\(kernels.name)")
            let exact = try gradients(base, adapters, all)
            for (made, exact) in zip(mixed, exact) {
                let distance = Self.distance(made, exact)
                #expect(distance > 0 && distance < bound, "\(format) on \(kernels.name): \(distance)")
            }
        }
    }

    @Test("planned bytes of all matrices are those that are taken, but for what fills the last panel")
    func bytes() throws {
        let config = try ModelConfig(
            vocabularySize: 500, hiddenSize: 192, layerCount: 3, headCount: 4, keyValueHeadCount: 2, feedForwardSize: 500)
        for kernels in Kernels.allAvailable {
            for (format, transposed) in [
                (WeightFormat.float32, false), (.float32, true), (.bfloat16, false), (.bfloat16, true), (.int8, false),
            ] {
                let taken = PackedWeights(config, kernels: kernels, format: format, transposed: transposed).byteCount
                let planned = format.byteCount(of: config, transposed: transposed)
                #expect(planned <= taken && Double(taken) < 1.04 * Double(planned), "\(format), \(transposed)")
            }
        }
    }
}
