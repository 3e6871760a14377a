import AgonConnections
import AgonCore
import AgonJudging
import Foundation
import Testing

@testable import AgonAgents

@Suite struct LanguageModelKeysTests {
    /// Reads a `judge.yaml` beside a rubric.
    private func read(_ yaml: String, rubric: String = "Be kind.") throws -> LanguageModelConfiguration {
        let folder = NSTemporaryDirectory() + "agon-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(rubric.utf8).write(to: URL(fileURLWithPath: folder + "/rubric.md"))
        let reader = try ConfigurationReader(text: yaml, file: "judge.yaml", section: LanguageModelKeys.section)
        return try LanguageModelConfiguration(reader, folder: folder)
    }

    private let least = "kind: llm\nurl: http://127.0.0.1:1/v1\nmodel: qwen\n"

    @Test("the least file has the defaults of the table")
    func defaults() throws {
        let judge = try read(least)
        #expect(judge.settings.model == "qwen")
        #expect(judge.settings.temperature == 0)
        #expect(judge.settings.structured == .auto)
        #expect(judge.settings.requestsPerMinute == nil)
        #expect(judge.settings.cacheFolder?.hasSuffix("/cache") == true)
        #expect(judge.options.style == .pairwise)
        #expect(judge.options.prompts.rubric == "Be kind.")
        #expect(!judge.options.needsSeed)
    }

    @Test("every key arrives where it belongs")
    func all() throws {
        let judge = try read(
            least + """
                api_key_env: SOME_KEY
                style: listwise
                reference: true
                structured: json_object
                temperature: 0.5
                max_tokens: 99
                max_characters: 1000
                connect_timeout: 3
                timeout: 30
                retries: 2
                max_inflight: 7
                requests_per_minute: 60
                tokens_per_minute: 9000
                price_prompt: 3
                price_completion: 15
                cache: none
                """)
        #expect(judge.settings.apiKeyVariable == "SOME_KEY")
        #expect(judge.settings.structured == .jsonObject)
        #expect(judge.settings.temperature == 0.5)
        #expect(judge.settings.connectTimeout == 3)
        #expect(judge.settings.timeout == 30)
        #expect(judge.settings.retryCount == 2)
        #expect(judge.settings.maxInflight == 7)
        #expect(judge.settings.requestsPerMinute == 60)
        #expect(judge.settings.tokensPerMinute == 9000)
        #expect(judge.settings.promptPrice == 3)
        #expect(judge.settings.completionPrice == 15)
        #expect(judge.settings.cacheFolder == nil)
        #expect(judge.options.style == .listwise)
        #expect(judge.options.maxTokens == 99)
        #expect(judge.options.prompts.characterLimit == 1000)
        #expect(judge.options.needsSeed)
        #expect(judge.seesReference)
    }

    @Test("what cannot be is told with file and line")
    func faults() throws {
        func message(_ yaml: String, rubric: String = "x") -> String? {
            #expect(throws: AgentError.self) {
                _ = try read(yaml, rubric: rubric).judge(id: JudgeID(name: "x"), environment: [:])
            }?.message
        }
        #expect(message("kind: llm\nmodel: m\n") == "judge.yaml:1: a judge of kind llm needs `url:`.")
        #expect(message(least + "logprobs: true\nstyle: pointwise\n")?.hasPrefix("judge.yaml:4: ") == true)
        #expect(message(least, rubric: " \n")?.contains("the rubric is empty") == true)
        #expect(message(least + "rubric: none.md\n")?.contains("none.md cannot be read") == true)
        #expect(message(least + "cache: none\napi_key_env: NO_SUCH_KEY\n")?.hasPrefix("judge.yaml:5: the environment variable NO_SUCH_KEY") == true)
        #expect(message("kind: llm\nmodel: m\nurl: localhost\ncache: none\n")?.hasPrefix("judge.yaml:3: `localhost` is no address") == true)
    }
}
