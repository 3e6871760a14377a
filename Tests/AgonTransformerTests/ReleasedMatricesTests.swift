import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

/// Bases without the float32 matrices that theirs were packed from, and the memory of caches.
@Suite struct ReleasedMatricesTests {
    private static let formats = WeightFormat.allCases

    private static func config(tied: Bool) throws -> ModelConfig {
        try ModelConfig(
            vocabularySize: 40, hiddenSize: 24, layerCount: 2, headCount: 3, keyValueHeadCount: 1, feedForwardSize: 40,
            tiesEmbeddings: tied, maxPositionCount: 32)
    }

    @Test(arguments: [false, true])
    func whatABaseComputesDoesNotDependOnThem(tied: Bool) throws {
        let sequences = [TokenSequence(prompt: [1, 5, 9], completion: [3, 4]), TokenSequence(prompt: [2], completion: [8, 7])]
        for kernels in Kernels.allAvailable {
            for format in Self.formats {
                let parameters = Parameters.initialised(try Self.config(tied: tied), seed: 3)
                let whole = Transformer(parameters, kernels: kernels, weights: format)
                let released = Transformer(parameters.copy(), kernels: kernels, weights: format)
                released.prepareTraining()
                released.parameters.releaseMatrices()
                #expect(try released.logits(for: [1, 2, 3]) == whole.logits(for: [1, 2, 3]), "\(kernels.name) \(format)")
                #expect(released.contentHash == whole.contentHash)
                let results = try [whole, released].map { base in
                    let adapter = try Adapter.initialised(
                        AdapterConfig(rank: 2, alpha: 4, targets: .allLinear), for: base, seed: 1)
                    let pass = TrainingPass(adapting: base)
                    let forward = try pass.forwardWithStatistics(sequences, AdapterBatch(adapter, count: 2))
                    let gradient = adapter.zeroAdapter()
                    pass.backward(dLogProbs: forward.logProbs.map { $0.map { _ in 1 } }, into: [gradient])
                    return (forward.logProbs, forward.statistics, Array(gradient.values))
                }
                #expect(results[0].0 == results[1].0 && results[0].1 == results[1].1 && results[0].2 == results[1].2)
                #expect(results[0].2.contains { $0 != 0 })
            }
        }
    }

    @Test func embeddingAndNormsStayAndThePagesOfTheRestAreGivenBack() throws {
        let config = try ModelConfig(
            vocabularySize: 40, hiddenSize: 128, layerCount: 2, headCount: 2, keyValueHeadCount: 2, feedForwardSize: 256,
            tiesEmbeddings: false, maxPositionCount: 32)
        let parameters = Parameters.initialised(config, seed: 1)
        let before = Array(parameters.values)
        parameters.releaseMatrices()
        parameters.releaseMatrices()
        #expect(!parameters.hasMatrices)
        var kept = 0
        for tensor in parameters.layout.tensors {
            let isMatrix = tensor.shape.count == 2 && tensor.offset > 0
            for index in tensor.offset..<tensor.offset + tensor.count {
                #expect(parameters.base[index] == (isMatrix ? 0 : before[index]), "\(tensor.name)")
            }
            if !isMatrix { kept += tensor.count }
        }
        #expect(parameters.layout.residentCount == kept)
    }

    #if os(Linux)
        @Test func releasedPagesAreNoLongerInMemory() throws {
            let page = Int(sysconf(Int32(_SC_PAGESIZE)))
            let memory = FloatMemory.allocate(64 * page / 4)
            defer { memory.deallocate() }
            memory.initialize(repeating: 1)
            FloatMemory.release(UnsafeMutableBufferPointer(rebasing: memory[3..<memory.count - 5]))
            let start = (Int(bitPattern: memory.baseAddress) + 12 + page - 1) / page * page
            var isThere = [UInt8](repeating: 1, count: 62)
            #expect(mincore(UnsafeMutableRawPointer(bitPattern: start), 62 * page, &isThere) == 0)
            #expect(isThere.allSatisfy { $0 & 1 == 0 })
            #expect(memory[0] == 1 && memory[3] == 0 && memory[memory.count - 6] == 0 && memory[memory.count - 1] == 1)
        }
    #endif

    @Test func aCacheTakesTheMemoryOfOneThatEnded() {
        let lender = SpareMemory(limit: 4000)
        func lend(_ count: Int) -> Floats { SpareMemory.Loan(count, from: lender).base }
        #expect(lender.byteCount == 0)
        let (small, large) = (lend(100), lend(700))
        #expect(small != large && lender.byteCount == 3200)
        #expect(lend(600) == large && lend(90) == small && lender.byteCount == 3200)
        // Nothing is kept beyond the limit, and no cache without slots takes another's memory.
        _ = lend(5000)
        let none = SpareMemory.Loan(0, from: lender)
        #expect(none.base != small && lender.byteCount == 3200)
        lender.giveBack()
        #expect(lender.byteCount == 0)
    }
}
