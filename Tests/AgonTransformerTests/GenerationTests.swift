import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

func expValue(_ x: Float) -> Double { exp(Double(x)) }

@Suite struct GenerationTests {
    private static func model(_ kernels: Kernels) throws -> Transformer {
        Transformer(
            try GoldenFile("dpo/policy.safetensors").parameters(GoldenFile.config(tied: true)), kernels: kernels)
    }

    /// Rooms of three seats that share a prompt, prompts of 1 to 21 tokens.
    private static let requests = (0..<64).map { (index: Int) -> GenerationRequest in
        let room = index / 3
        let prompt = (0..<room % 21).map { (place: Int) -> Int32 in Int32((place * 13 + room) % 128) }
        return GenerationRequest(
            tokens: [1] + prompt, maxNewTokens: 1 + (index * 7) % 19,
            sampling: index.isMultiple(of: 5)
                ? SamplingOptions(temperature: 0.8, topK: 20, topP: 0.9)
                : index.isMultiple(of: 7)
                    ? SamplingOptions(temperature: 0.9, typicalP: 0.8, repetitionPenalty: 1.2) : SamplingOptions(),
            key: UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
    }

    @Test func aRequestHasTheSameBitsAloneAndInEveryBatch() throws {
        for kernels in Kernels.allAvailable {
            let model = try Self.model(kernels)
            let alone = try Self.requests.map { try model.generate([$0])[0] }
            #expect(try model.generate(Self.requests, maxBatchSize: 64) == alone, "\(kernels.name)")
            #expect(try model.generate(Self.requests, maxBatchSize: 7) == alone)
            #expect(try model.generate(Self.requests, maxBatchSize: 64, threads: 2) == alone)
            #expect(try model.generate(Self.requests.reversed(), maxBatchSize: 5).reversed() == alone)
        }
    }

    @Test func decodingHasTheBitsOfAWholeForwardPass() throws {
        for kernels in Kernels.allAvailable {
            let model = try Self.model(kernels)
            let made = try model.generate(Self.requests)
            let whole = try model.logProbs(
                of: zip(Self.requests, made).map { TokenSequence(prompt: $0.tokens, completion: $1.tokens) })
            #expect(made.map(\.logProbs) == whole, "\(kernels.name)")
        }
    }

    @Test func aCompletionEndsWithItsEndTokenOrAtItsLimit() throws {
        let model = try Self.model(.current)
        var finishes = Set<Generation.Finish>()
        for (request, made) in zip(Self.requests, try model.generate(Self.requests)) {
            let ended = made.tokens.last == 2
            #expect(made.finish == (ended ? .stop : .length))
            #expect(!made.tokens.dropLast().contains(2))
            #expect(ended || made.tokens.count == request.maxNewTokens)
            finishes.insert(made.finish)
        }
        var request = Self.requests[3]
        request.maxNewTokens = 1000
        request.stopTokens = (0..<64).map { Int32($0) }
        let made = try model.generate([request])[0]
        #expect(made.finish == .stop && made.tokens.last! < 64 && made.tokens.dropLast().allSatisfy { $0 >= 64 })
        #expect(finishes.contains(.length))
    }

    @Test func aCompletionStopsWhereTheModelsPositionsEnd() throws {
        let model = try Self.model(.current)
        let request = GenerationRequest(
            tokens: Array(repeating: 5, count: 250), maxNewTokens: 50, key: 1, stopTokens: [])
        #expect(try model.generate([request])[0].tokens.count == 6)
        let none = GenerationRequest(tokens: [1], maxNewTokens: 0, key: 1)
        #expect(try model.generate([none, request, none]).map(\.tokens.count) == [0, 6, 0])
    }

    @Test func rowsBeyondTheTokenizerAreNeverDrawn() throws {
        let model = try Self.model(.current)
        let requests = (0..<40).map {
            GenerationRequest(
                tokens: [1, 9], maxNewTokens: 10, sampling: SamplingOptions(temperature: 3), key: $0,
                allowedTokenCount: 17, stopTokens: [])
        }
        let tokens = try model.generate(requests).flatMap(\.tokens)
        #expect(tokens.allSatisfy { $0 < 17 })
        #expect(Set(tokens).count == 17)
    }

    @Test func aPenalisedCompletionRepeatsLessButItsLogProbabilitiesAreTheModels() throws {
        let model = try Self.model(.current)
        let plain = (0..<16).map {
            GenerationRequest(tokens: [1, 9, 30], maxNewTokens: 40, key: $0, stopTokens: [])
        }
        let penalised = plain.map {
            var request = $0
            request.sampling.repetitionPenalty = 3
            return request
        }
        func distinct(_ made: [Generation]) -> Int { made.reduce(0) { $0 + Set($1.tokens).count } }
        let made = try model.generate(penalised)
        #expect(distinct(made) > distinct(try model.generate(plain)))
        let whole = try model.logProbs(
            of: zip(penalised, made).map { TokenSequence(prompt: $0.tokens, completion: $1.tokens) })
        #expect(made.map(\.logProbs) == whole)
    }

    @Test func differentKeysGiveDifferentCompletionsAndFrequenciesOfTheModel() throws {
        let model = try Self.model(.current)
        let draws = (0..<4000).map { GenerationRequest(tokens: [1, 9, 5], maxNewTokens: 1, key: $0) }
        var counts = [Double](repeating: 0, count: 128)
        for made in try model.generate(draws) { counts[Int(made.tokens[0])] += 1 }
        let logits = try model.logits(for: [1, 9, 5]).suffix(128)
        let weights = logits.map { expValue($0) }
        let total = weights.reduce(0, +)
        // χ² with 127 degrees of freedom: beyond 200 with probability 4e-5, and this draw is always the same.
        let statistic = zip(counts, weights).reduce(0) { sum, pair in
            let expected = 4000 * pair.1 / total
            return sum + (pair.0 - expected) * (pair.0 - expected) / expected
        }
        #expect(statistic < 200)
    }

    @Test func logitsThatAreNoNumbersAreAnErrorAndNeverAToken() throws {
        for kernels in Kernels.allAvailable {
            let parameters = try GoldenFile("dpo/policy.safetensors").parameters(GoldenFile.config(tied: true))
            // Finite weights whose products are not.
            parameters["model.norm.weight"]?.update(repeating: 3e38)
            let model = Transformer(parameters, kernels: kernels)
            let options = [SamplingOptions(temperature: 0), SamplingOptions(), SamplingOptions(topK: 5), SamplingOptions(topP: 0.9, minP: 0.1)]
            for sampling in options {
                let request = GenerationRequest(tokens: [1, 5], maxNewTokens: 4, sampling: sampling, key: 7)
                let session = GenerationSession(model, maxBatchSize: 2)
                for threads in [1, 2] {
                    let said = sentence { _ = try model.generate([request, request, request], threads: threads) }
                    #expect(said.contains("logits are not finite"), "\(kernels.name): \(said)")
                }
                for _ in 0..<3 { #expect(throws: TransformerError.self) { try session.generate([request, request, request]) } }
            }
        }
    }

    @Test func requestsThatDoNotFitTheModelAreRefused() throws {
        let model = try Self.model(.current)
        let good = Self.requests[0]
        func refuses(_ change: (inout GenerationRequest) -> Void) -> Bool {
            var bad = good
            change(&bad)
            do {
                _ = try model.generate([good, bad])
                return false
            } catch { return error.code == .invalidRequest }
        }
        #expect(refuses { $0.tokens = [] })
        #expect(refuses { $0.tokens = [128] })
        #expect(refuses { $0.tokens = [-1] })
        #expect(refuses { $0.tokens = Array(repeating: 1, count: 256) })
        #expect(refuses { $0.maxNewTokens = -1 })
        #expect(refuses { $0.allowedTokenCount = 129 })
        #expect(refuses { $0.sampling.temperature = -1 })
        #expect(refuses { $0.sampling.temperature = .nan })
        #expect(refuses { $0.sampling.topP = 0 })
        #expect(refuses { $0.sampling.minP = 2 })
        #expect(refuses { $0.sampling.typicalP = 0 })
        #expect(refuses { $0.sampling.repetitionPenalty = 0 })
        #expect(refuses { $0.sampling.repetitionPenalty = .infinity })
        #expect(!refuses { $0.tokens = [1] })
    }
}

@Suite struct GenerationSessionTests {
    @Test func aSessionThatRemembersGivesTheBitsOfOneThatDoesNot() throws {
        let model = Transformer(
            try GoldenFile("dpo/policy.safetensors").parameters(GoldenFile.config(tied: true)), kernels: try .current)
        for threads in [1, 2] {
            let session = GenerationSession(model, maxBatchSize: 5, threads: threads)
            var transcripts = (0..<12).map { (room: Int) -> [Int32] in [1, Int32(20 + room / 4)] }
            for turn in 0..<8 {
                // Rooms end one after another, and the order of the rest changes from turn to turn.
                transcripts = Array(transcripts.dropFirst(turn / 3).reversed())
                let requests = transcripts.enumerated().map { room, tokens in
                    GenerationRequest(
                        tokens: tokens, maxNewTokens: 1 + (room + turn) % 5, key: UInt64(100 * turn + room),
                        stopTokens: [])
                }
                let made = try session.generate(requests)
                #expect(made == (try model.generate(requests)))
                transcripts = zip(transcripts, made).map { $0 + $1.tokens + [Int32(turn)] }
            }
        }
    }
}
