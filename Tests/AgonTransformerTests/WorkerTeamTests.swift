import AgonCore
import Dispatch
import Testing

@testable import AgonTransformer

@Suite struct WorkerTeamTests {
    /// Plain counters, one for each part of a team: the team alone must order what its threads write.
    private struct Counters: @unchecked Sendable {
        let memory = UnsafeMutableBufferPointer<Int>.allocate(capacity: 4)

        init() { memory.initialize(repeating: 0) }
    }

    @Test("every part of every round is computed once, and its writes are seen when the round has ended", arguments: 1...4)
    func rounds(size: Int) {
        let team = WorkerTeam(size: size)
        #expect(team.size == size)
        let counters = Counters()
        defer { counters.memory.deallocate() }
        var isWrong = false
        for round in 1...3000 {
            team.run { part in counters.memory[part] += 1 }
            isWrong = isWrong || !(0..<4).allSatisfy { counters.memory[$0] == ($0 < size ? round : 0) }
        }
        #expect(!isWrong)
    }

    @Test("a call from within a part or from another thread meanwhile computes all of its own parts", arguments: 2...4)
    func callsAtOnce(size: Int) {
        let team = WorkerTeam(size: size)
        let callers = (0..<3).map { _ in [Counters(), Counters()] }
        defer { callers.joined().forEach { $0.memory.deallocate() } }
        DispatchQueue.concurrentPerform(iterations: callers.count) { caller in
            for _ in 0..<300 {
                team.run { part in
                    callers[caller][0].memory[part] += 1
                    if part == 1 { team.run { callers[caller][1].memory[$0] += 1 } }
                }
            }
        }
        for counters in callers.joined() {
            #expect(Array(counters.memory) == (0..<4).map { $0 < size ? 300 : 0 })
        }
    }

    @Test("a model that a whole team reads together decodes the bits of one thread")
    func decoding() throws {
        let config = try ModelConfig(
            vocabularySize: 512, hiddenSize: 256, layerCount: 3, headCount: 8, keyValueHeadCount: 4,
            feedForwardSize: 768, eosTokens: [])
        let parameters = Parameters(zeros: config)
        for index in parameters.values.indices { parameters.values[index] = Float(index &* 37 % 61 - 30) / 300 }
        let model = Transformer(parameters, kernels: try .current)
        let requests = (0..<5).map { index in
            GenerationRequest(tokens: (0...index).map { Int32(7 * $0 + index) }, maxNewTokens: 3, key: UInt64(index))
        }
        let alone = try model.generate(requests, threads: 1)
        #expect(alone.allSatisfy { $0.tokens.count == 3 })
        for threads in 2...4 { #expect(try model.generate(requests, threads: threads) == alone, "\(threads) threads") }
    }
}
