import AgonAgents
import AgonTransformer
import Foundation
import Testing

/// Every broken agent's or judge's folder is refused in one sentence that names the file, and its line where it has one.
@Suite struct BrokenFolderTests {
    private static let agent = "kind: transformer\ndescription: good\nmodel: model\ntemperature: 1\n"
    private static let judge = "kind: reward_model\ndescription: good\nmodel: model\n"

    private static func yaml(_ name: String, _ text: String, says parts: String...) -> Breakage {
        let part = parts
        return Breakage(name, says: part[0], part.count > 1 ? part[1] : "agent.yaml") {
            try $0.write(text, "agents/mine/agent.yaml")
        }
    }

    private static let files: [Breakage] = [
        Breakage("no folder", says: "mine/agent.yaml cannot be read", "check the path") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine")
        },
        Breakage("a file instead of the folder", says: "mine/agent.yaml cannot be read") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine")
            try $0.write("x", "agents/mine")
        },
        Breakage("no agent.yaml", says: "mine/agent.yaml cannot be read", "create it") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/agent.yaml")
        },
        Breakage("a folder instead of agent.yaml", says: "agent.yaml is not a regular file", "put the file itself there") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/agent.yaml")
            try $0.makeFolder("agents/mine/agent.yaml")
        },
        Breakage("a link to itself", says: "agent.yaml cannot be read") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/agent.yaml")
            try $0.link("agents/mine/agent.yaml", to: "agent.yaml")
        },
        Breakage("a pipe instead of agent.yaml", says: "agent.yaml is not a regular file") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/agent.yaml")
            #expect(mkfifo($0.path + "/agents/mine/agent.yaml", 0o600) == 0)
        },
        Breakage("a device instead of agent.yaml", says: "agent.yaml is not a regular file") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/agent.yaml")
            try $0.link("agents/mine/agent.yaml", to: "/dev/zero")
        },
        Breakage("a folder instead of system.md", says: "system.md is not a regular file") {
            try $0.makeFolder("agents/mine/system.md")
        },
        Breakage("a system prompt that is no text", says: "system.md:2: the line is not UTF-8") {
            try $0.write([0x61, 0x0A, 0xFF, 0x0A], "agents/mine/system.md")
        },
        Breakage("a system prompt without end", says: "system.md has 70000 bytes") {
            try $0.write(String(repeating: "a", count: 70_000), "agents/mine/system.md")
        },
        Breakage("NUL bytes", says: "agent.yaml:2: the line holds a NUL byte") {
            try $0.write("kind: transformer\nmodel: m\u{0}odel\n", "agents/mine/agent.yaml")
        },
        Breakage("invalid UTF-8", says: "agent.yaml:1: the line is not UTF-8", "save the file as UTF-8") {
            try $0.write([0x6B, 0x3A, 0x20, 0xC3, 0x28], "agents/mine/agent.yaml")
        },
        Breakage("a huge file", says: "agent.yaml has 300000 bytes, more than the 262144") {
            try $0.write(String(repeating: "#", count: 300_000), "agents/mine/agent.yaml")
        },
    ]

    private static let keys: [Breakage] = [
        yaml("an empty file", "", says: "agent.yaml:1: expected keys and values"),
        yaml("only a comment", "# nothing\n", says: "agent.yaml:1: expected keys and values"),
        yaml("a list", "- kind\n", says: "agent.yaml:1: expected keys and values"),
        yaml("two documents", "kind: scripted\n---\nkind: scripted\n", says: "agent.yaml:2: not valid YAML"),
        yaml("an open quote", "kind: scripted\nmodel: \"x\n", says: "not valid YAML", "correct the line"),
        yaml("tabs", "kind:\n\t- x\n", says: "agent.yaml:2: not valid YAML"),
        yaml("control characters", "kind: a\n\u{1}b: 1\n", says: "agent.yaml:2: not valid YAML", "save the file as plain text"),
        yaml("a key of models", "kind: scripted\nstrategy: random\ntemperature: 0\n", says: "agent.yaml:3: nothing would read `temperature`", "belongs to `kind: transformer`"),
        yaml("a key of another rule", "kind: scripted\nstrategy: perfect\nskill: 0.9\n", says: "agent.yaml:3: nothing would read `skill`", "belongs to `strategy: noisy_expert`"),
        yaml("a key twice, after Windows line ends", "kind: scripted\r\nskill: 1\r\n# more\r\n\r\nskill : 0\r\n", says: "agent.yaml:5: not valid YAML: the key `skill` stands in line 2 of the same section already; keep one of them."),
        yaml("a key twice", "kind: scripted\nskill: 1\n# more\n\nskill : 0\n", says: "agent.yaml:5: not valid YAML: the key `skill` stands in line 2 of the same section already; keep one of them."),
        yaml("a program without a command", "kind: process\n", says: "agent.yaml:1: `command` is missing"),
        yaml("an empty command", "kind: process\ncommand: []\n", says: "agent.yaml:2: name the program"),
        yaml("a command in one word", "kind: process\ncommand: python3 bot.py\n", says: "agent.yaml:2: `python3 bot.py` is one word", "write [python3, bot.py]"),
        yaml("a program with a key of models", "kind: process\ncommand: [a]\ntop_k: 3\n", says: "agent.yaml:3: there is no key `top_k`"),
        yaml("a program without time", "kind: process\ncommand: [a]\nseconds: 0\n", says: "agent.yaml:3: `seconds` is `0`, it must be 0.001 to 86400"),
        yaml("an endpoint without an address", "kind: endpoint\nmodel: m\n", says: "agent.yaml:1: an agent of kind endpoint needs `url:`"),
        yaml("an endpoint without a model", "kind: endpoint\nurl: http://x/v1\n", says: "agent.yaml:1: an agent of kind endpoint needs `model:`"),
        yaml("an endpoint with a command", "kind: endpoint\ncommand: [a]\n", says: "agent.yaml:2: there is no key `command`"),
        Breakage("a program with a system prompt", says: "system.md: nothing would read it") {
            try $0.write("kind: process\ncommand: [a]\n", "agents/mine/agent.yaml")
            try $0.write("Be kind.", "agents/mine/system.md")
        },
        yaml("an unknown alias", "kind: *x\n", says: "agent.yaml:1: aliases"),
        yaml("a wrong key", agent + "temprature: 1\n", says: "agent.yaml:5: there is no key `temprature`", "did you mean `temperature`?"),
        yaml("a strange key", agent + "\"é\\n\\e[2J\": 1\n", says: "agent.yaml:5: there is no key", "known are kind"),
        yaml("a list as a key", agent + "? [a, b]\n: 1\n", says: "there is no key ``"),
        yaml("a wrong kind", "kind: transfomer\n", says: "agent.yaml:1: `kind` is `transfomer`", "did you mean `transformer`?"),
        yaml("a wrong rule", "kind: scripted\nstrategy: zzz\n", says: "agent.yaml:2: `strategy` is `zzz`, it must be one of random, first_legal, perfect, noisy_expert, echo, fixed, alpha_beta_4"),
        yaml("no kind", "model: model\n", says: "agent.yaml:1: `kind` is missing"),
        yaml("no model", "kind: transformer\n", says: "agent.yaml:1: a transformer agent needs `model:`"),
        yaml("no strategy", "kind: scripted\n", says: "agent.yaml:1: a scripted agent needs `strategy:`"),
        yaml("keys of the other kind", "kind: scripted\nstrategy: random\nmodel: x\n", says: "agent.yaml:3: `model` belongs to transformer"),
        yaml("text for a number", agent.replacing("temperature: 1", with: "temperature: warm"), says: "agent.yaml:4: `temperature` is `warm`, it must be a number"),
        yaml("infinity", agent.replacing("temperature: 1", with: "temperature: .inf"), says: "agent.yaml:4: `temperature` is `.inf`"),
        yaml("out of range", agent.replacing("temperature: 1", with: "top_p: 0"), says: "agent.yaml:4: `top_p` is `0`, it must be 0.0001 to 1"),
        yaml("beyond 64 bits", agent + "top_k: 99999999999999999999\n", says: "agent.yaml:5: `top_k` is", "whole number"),
        yaml("a list for a text", agent + "top_k: [a]\n", says: "agent.yaml:5: `top_k` is a nested value"),
        yaml("a value without end", agent + "top_k: \(String(repeating: "x", count: 5000))\n", says: "xxx…`, it must be"),
        yaml("an unknown format", agent + "weights: int4\n", says: "agent.yaml:5: `weights` is `int4`, it must be one of fp32, bf16, int8"),
        yaml("a format of no weights", "kind: scripted\nstrategy: random\nweights: int8\n", says: "agent.yaml:3: nothing would read `weights`", "belongs to `kind: transformer`"),
        yaml("a model that is nowhere", agent.replacing("model: model", with: "model: ../../nowhere"), says: "agent.yaml:3: there is no folder"),
        yaml("a model path with NUL", agent.replacing("model: model", with: "model: \"mo\\0del\""), says: "agent.yaml:3: there is no folder"),
        yaml("a model that is the agent itself", agent.replacing("model: model", with: "model: ."), says: "agent.yaml:3: `model` leads through more than 8 agents"),
    ]

    private static let bombs: [Breakage] = [
        yaml(
            "a billion laughs as values",
            "a: &a [x,x,x,x,x,x,x,x,x]\n" + "bcdefghij".map { "\($0): &\($0) [\(Array(repeating: "*\(UnicodeScalar($0.asciiValue! - 1))", count: 9).joined(separator: ","))]\n" }.joined(),
            says: "agent.yaml:2: aliases"),
        yaml(
            "a billion laughs as a key",
            "a: &a [x,x,x,x,x,x,x,x,x]\n" + "bcdefghij".map { "\($0): &\($0)\n- \(Array(repeating: "*\(UnicodeScalar($0.asciiValue! - 1))", count: 9).joined(separator: "\n- "))\n" }.joined() + "? *j\n: 1\n",
            says: "agent.yaml:3: aliases"),
        yaml("brackets without end", "kind: " + String(repeating: "[", count: 100_000), says: "agent.yaml:1: more than 512 `[` and `{`"),
        yaml("braces without end", String(repeating: "{a: ", count: 60_000), says: "agent.yaml:1: more than 512"),
        yaml("dashes without end", "kind:\n" + String(repeating: "- ", count: 100_000), says: "agent.yaml:2: the line is indented"),
        yaml("question marks without end", String(repeating: "? ", count: 100_000), says: "agent.yaml:1: the line is indented"),
        yaml(
            "deep indentation", (0..<600).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
            says: "agent.yaml:258: the line is indented"),
    ]

    private static func editConfig(_ name: String, _ edits: [String: String], says parts: String) -> Breakage {
        Breakage(name, says: "config.json", parts) { folder in
            let file = "agents/mine/model/config.json"
            var text = try String(contentsOfFile: "\(folder.path)/\(file)", encoding: .utf8)
            for (old, new) in edits {
                #expect(text.contains(old))
                text = text.replacing(old, with: new)
            }
            try folder.write(text, file)
        }
    }

    private static let models: [Breakage] = [
        Breakage("no model folder", says: "agent.yaml:3: there is no folder", "looked up from the agent's own folder") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/model")
        },
        Breakage("a model folder that links to itself", says: "agent.yaml:3: there is no folder") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/model")
            try $0.link("agents/mine/model", to: "model")
        },
        Breakage("no weights", says: "model.safetensors is missing") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/model/model.safetensors")
        },
        Breakage("no bytes of weights", says: "model.safetensors has only 0 bytes") {
            try $0.write("", "agents/mine/model/model.safetensors")
        },
        Breakage("a folder for the weights", says: "model.safetensors is not a regular file") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/model/model.safetensors")
            try $0.makeFolder("agents/mine/model/model.safetensors")
        },
        Breakage("a pipe for the weights", says: "model.safetensors is not a regular file") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/model/model.safetensors")
            #expect(mkfifo($0.path + "/agents/mine/model/model.safetensors", 0o600) == 0)
        },
        Breakage("a header of 10 GB", says: "claims a header of 10000000000 bytes") {
            let length = withUnsafeBytes(of: UInt64(10_000_000_000).littleEndian) { [UInt8]($0) }
            try $0.write(length + Array("{}".utf8), "agents/mine/model/model.safetensors")
        },
        Breakage("half of the weights", says: "model.safetensors is truncated") {
            let url = URL(fileURLWithPath: $0.path + "/agents/mine/model/model.safetensors")
            let bytes = [UInt8](try Data(contentsOf: url))
            try $0.write(Array(bytes.prefix(bytes.count / 2)), "agents/mine/model/model.safetensors")
        },
        Breakage("weights that are not numbers", says: "model.safetensors: tensor", "holds nan at element") {
            let url = URL(fileURLWithPath: $0.path + "/agents/mine/model/model.safetensors")
            var bytes = [UInt8](try Data(contentsOf: url))
            bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0, 0, 0xC0, 0x7F])
            try $0.write(bytes, "agents/mine/model/model.safetensors")
        },
        editConfig("other shapes", ["\"intermediate_size\": 24": "\"intermediate_size\": 32"], says: "config.json asks for [32, 16]"),
        editConfig("a hidden size of a billion", ["\"hidden_size\": 16": "\"hidden_size\": 1000000000"], says: "hidden_size must be between"),
        editConfig("no heads", ["\"num_attention_heads\": 2": "\"num_attention_heads\": 0"], says: "num_attention_heads must be between"),
        editConfig("a million layers", ["\"num_hidden_layers\": 2": "\"num_hidden_layers\": 1000000"], says: "num_hidden_layers must be between"),
        Breakage("config.json that is no JSON", says: "config.json line 1 is not valid JSON") {
            try $0.write("hidden_size: 16", "agents/mine/model/config.json")
        },
        Breakage("a folder for config.json", says: "config.json is not a regular file") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/model/config.json")
            try $0.makeFolder("agents/mine/model/config.json")
        },
        Breakage("nesting in config.json", says: "config.json line 1 is not valid JSON: it is nested deeper") {
            try $0.write(String(repeating: "[", count: 1_000_000), "agents/mine/model/config.json")
        },
        Breakage("no tokenizer", says: "tokenizer.json is missing") {
            try FileManager.default.removeItem(atPath: $0.path + "/agents/mine/model/tokenizer.json")
        },
        Breakage("half a tokenizer", says: "tokenizer.json line", "is not valid JSON") {
            let file = $0.path + "/agents/mine/model/tokenizer.json"
            try $0.write(String(try String(contentsOfFile: file, encoding: .utf8).prefix(200)), "agents/mine/model/tokenizer.json")
        },
        Breakage("a tokenizer of another kind", says: "tokenizer.json", "Unigram") {
            try $0.write("{\"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"type\": \"Unigram\", \"vocab\": []}}", "agents/mine/model/tokenizer.json")
        },
    ]

    private func expectRefusals(
        _ breakages: [Breakage], isJudge: Bool = false, _ load: (String) throws -> Void
    ) throws {
        for breakage in breakages {
            let folder = try AgentFolder()
            try folder.write(isJudge ? Self.judge : Self.agent, isJudge ? "agents/mine/judge.yaml" : "agents/mine/agent.yaml")
            try AgentFolder.model(head: isJudge ? .score : .language).save(to: folder.path + "/agents/mine/model")
            #expect(sentence { try load(folder.path + "/agents/mine") } == "", "the folder is sound before it is broken")
            try breakage.apply(folder)
            let message = sentence { try load(folder.path + "/agents/mine") }
            for part in breakage.parts { #expect(message.contains(part), "\(breakage.name): \(message)") }
            #expect(!message.contains("\n") && !message.contains("\u{1B}") && message.count < 900, "\(breakage.name)")
        }
    }

    @Test("files that are not there, are no files or no text")
    func brokenFiles() throws { try expectRefusals(Self.files, loadAgent) }

    @Test("YAML that is none, wrong keys and wrong values")
    func brokenKeys() throws { try expectRefusals(Self.keys, loadAgent) }

    @Test("YAML made to exhaust memory, time or the stack")
    func bombs() throws { try expectRefusals(Self.bombs, loadAgent) }

    @Test("models that are missing, damaged, absurd or poisoned, under an agent and under a judge")
    func brokenModels() throws {
        try expectRefusals(Self.models, loadAgent)
        // A judge's folder breaks in the same ways; only the file that names a missing model is another.
        try expectRefusals(Array(Self.models.dropFirst(2)), isJudge: true, loadJudge)
    }

    @Test("a judge's file is held to the same rules")
    func brokenJudges() throws {
        let cases: [(text: String, reason: String)] = [
            ("", "judge.yaml:1: expected keys and values"), ("kind: rewardmodel\n", "did you mean `reward_model`?"),
            ("kind: reward_model\nmodle: x\n", "judge.yaml:2: there is no key `modle` here: did you mean `model`?"),
            ("kind: reward_model\nmodel: [x]\n", "judge.yaml:2: `model` is a nested value"),
            ("kind: reward_model\nmodel: none\n", "/none does not exist"), ("kind: *a\n", "judge.yaml:1: aliases"),
        ]
        for (text, reason) in cases {
            let folder = try AgentFolder()
            try folder.write(text, "judges/mine/judge.yaml")
            let message = sentence { try loadJudge(folder.path + "/judges/mine") }
            #expect(message.contains(reason), "\(message)")
        }
        let folder = try AgentFolder()
        #expect(sentence { try loadJudge(folder.path + "/judges/none") }.contains("judges/none/judge.yaml cannot be read"))
    }

    @Test("a file that may not be read is refused", .enabled(if: geteuid() != 0, "the superuser may read everything"))
    func unreadableFiles() throws {
        let folder = try AgentFolder()
        try folder.write(Self.agent, "agents/mine/agent.yaml")
        chmod(folder.path + "/agents/mine/agent.yaml", 0)
        #expect(sentence { try loadAgent(folder.path + "/agents/mine") }.contains("permission denied"))
    }
}
