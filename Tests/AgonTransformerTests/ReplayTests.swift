import AgonCore
import Testing

@testable import AgonTransformer

/// Tokens that are drawn once more, by one forward pass.
@Suite struct ReplayTests {
    private static func model(_ kernels: Kernels, _ weights: WeightFormat = .float32) throws -> Transformer {
        Transformer(
            try GoldenFile("dpo/policy.safetensors").parameters(GoldenFile.config(tied: true)), kernels: kernels, weights: weights)
    }

    private static let samplings = [
        SamplingOptions(), SamplingOptions(temperature: 0.8, topK: 20, topP: 0.9), .greedy, SamplingOptions(temperature: 1.3, minP: 0.02),
        SamplingOptions(temperature: 0.9, typicalP: 0.8, repetitionPenalty: 1.2),
    ]

    private static let requests = (0..<60).map { (index: Int) -> GenerationRequest in
        let prompt = (0..<index / 3 % 21).map { (place: Int) -> Int32 in Int32((place * 13 + index / 3) % 128) }
        return GenerationRequest(
            tokens: [1] + prompt, maxNewTokens: 1 + (index * 7) % 19, sampling: samplings[index % samplings.count],
            key: UInt64(index) &* 0x9E37_79B9_7F4A_7C15, allowedTokenCount: index.isMultiple(of: 2) ? nil : 100)
    }

    private static func replayed(_ made: [Generation]) -> [TokenReplay] { made.map { TokenReplay(logProbs: $0.logProbs, drawn: $0.tokens) } }

    @Test func whatWasGeneratedIsDrawnAgainToTheBitOnEveryPathAndInEveryFormat() throws {
        for kernels in Kernels.allAvailable {
            for weights in [WeightFormat.float32, .bfloat16, .int8] {
                let model = try Self.model(kernels, weights)
                for (batchSize, threads) in [(64, 1), (7, 2)] {
                    let made = try model.generate(Self.requests, maxBatchSize: batchSize, threads: threads)
                    let asked = zip(Self.requests, made).map { ReplayRequest($0, tokens: $1.tokens) }
                    let again = try Transformer.replay(asked, policies: [model], threads: 3 - threads)
                    #expect(again == Self.replayed(made), "\(kernels.name) \(weights)")
                }
            }
        }
    }

    @Test func answersOfOneConversationEachHaveTheirOwnSeed() throws {
        let model = try Self.model(.current)
        var request = GenerationRequest(tokens: [1, 5, 9], maxNewTokens: 6, key: 3)
        var answers: [ReplayRequest.Answer] = []
        var drawn: [Int32] = []
        for turn in 0..<4 {
            request.key = UInt64(turn) + 3
            let made = try model.generate([request])[0]
            answers.append(.init(to: request, count: made.tokens.count))
            drawn += made.tokens
            // Two of the turns have nothing foreign after them.
            request.tokens += made.tokens + (turn.isMultiple(of: 2) ? [7, 8] : [])
        }
        let whole = ReplayRequest(tokens: request.tokens, answers: answers)
        #expect(try Transformer.replay([whole], policies: [model])[0].drawn == drawn)
        var other = whole
        other.answers[2].key += 1
        let changed = try Transformer.replay([other], policies: [model])[0].drawn
        #expect(zip(changed, drawn).contains { $0 != $1 } && changed.prefix(answers[0].count + answers[1].count) == drawn.prefix(answers[0].count + answers[1].count))
    }

    @Test func viewsOfOneBaseReplayInOneBatch() throws {
        let base = try Self.model(.current)
        let views = try (0..<3).map { index in
            base.adapted(by: try AdapterGradientTests.lively(try AdapterConfig(rank: 4, targets: .allLinear), base, seed: UInt64(index), size: 0.1))
        }
        let requests = Self.requests.enumerated().map { index, request in
            var request = request
            request.policyIndex = index % 3
            return request
        }
        let made = try Transformer.generate(requests, policies: views)
        let again = try Transformer.replay(zip(requests, made).map { ReplayRequest($0, tokens: $1.tokens) }, policies: views, threads: 2)
        #expect(again == Self.replayed(made))
    }

    @Test func anotherTokenIsSeenWhereItStands() throws {
        let model = try Self.model(.current)
        var request = GenerationRequest(tokens: [1, 2], maxNewTokens: 12, key: 5, stopTokens: [])
        let made = try model.generate([request])[0]
        for place in made.tokens.indices {
            var tokens = made.tokens
            tokens[place] = (tokens[place] + 1) % 128
            let again = try Transformer.replay([ReplayRequest(request, tokens: tokens)], policies: [model])[0]
            #expect(again.drawn.prefix(place + 1) == made.tokens.prefix(place + 1))
        }
        request.key = 6
        #expect(try Transformer.replay([ReplayRequest(request, tokens: made.tokens)], policies: [model])[0].drawn != made.tokens)
    }

    @Test func aToleranceLetsRoundingPassAndNothingElse() throws {
        for generator in Kernels.allAvailable {
            let (maker, checker) = (try Self.model(generator), try Self.model(.current))
            let made = try maker.generate(Self.requests)
            let asked = zip(Self.requests, made).map { ReplayRequest($0, tokens: $1.tokens) }
            let again = try Transformer.replay(asked, policies: [checker], tolerance: 2e-4)
            #expect(again.map(\.drawn) == made.map(\.tokens), "\(generator.name)")
            let offset = zip(again, made).flatMap { zip($0.logProbs, $1.logProbs).map { abs($0 - $1) } }.max() ?? 0
            #expect(offset < 1e-5, "\(generator.name)")
        }
        // The likeliest token passes once everything may be as much likelier as it takes.
        let model = try Self.model(.current)
        let request = GenerationRequest(tokens: [1], maxNewTokens: 1, sampling: .greedy, key: 0)
        let likeliest = try model.generate([request])[0].tokens[0]
        let other = ReplayRequest(request, tokens: [(likeliest + 1) % 128])
        #expect(try Transformer.replay([other], policies: [model], tolerance: 1e-3)[0].drawn == [likeliest])
        #expect(try Transformer.replay([other], policies: [model], tolerance: 1e3)[0].drawn != [likeliest])
    }
}
