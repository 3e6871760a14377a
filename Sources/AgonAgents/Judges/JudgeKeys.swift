import AgonJudging
import AgonTransformer

/// The keys of `judge.yaml` by its kind.
public enum JudgeKeys {
    /// The keys of one kind.
    public static func section(_ kind: JudgeConfiguration.Kind) -> Section {
        Section("", common + own(kind))
    }

    /// What a file has whose kind is missing or not known.
    static let unknown = Section("", common)

    /// The keys of all kinds, each once.
    static var every: [Key] {
        var seen: Set<String> = ["kind", "description"]
        return JudgeConfiguration.Kind.allCases.flatMap(own).filter { seen.insert($0.name).inserted }
    }

    private static let common = [
        Key("kind", .choice(JudgeConfiguration.Kind.allCases.map(\.rawValue), default: nil), "What judges."),
        Key("description", .text(default: ""), "One line for people."),
    ]

    private static func own(_ kind: JudgeConfiguration.Kind) -> [Key] {
        switch kind {
        case .rewardModel: model("ForSequenceClassification of Llama, Qwen2 or Qwen3 with one label") + rewardModel
        case .policy: model("ForCausalLM") + policy
        case .exact: exact
        case .panel: panel
        case .llm: LanguageModelKeys.keys
        case .tests: ProgramJudgeKeys.tests
        case .command: ProgramJudgeKeys.command
        }
    }

    private static func model(_ head: String) -> [Key] {
        [
            Key("model", .text(default: "model"), "A folder in Hugging Face layout, relative to the judge's folder: \(head)."),
            Key(
                "weights", .choice(WeightFormat.allCases.map(\.rawValue), default: WeightFormat.float32.rawValue),
                "What the matrices of a judge that does not learn are held and multiplied as, as in `agent.yaml`; with `refresh` it needs fp32."),
            Key(
                "chat_template", .choice(["auto", "none"], default: "auto"),
                "auto shows a model whose folder has a chat template a conversation; none plain text."),
        ]
    }

    private static let rewardModel = [
        Key("tie_margin", .number(0...1_000_000, default: 0), unit: "score", "Scores that are this close tie."),
        Key("temperature", .number(0...1_000_000, default: 0), "A difference of scores divided by this is the logarithm of the odds that the first answer is better, as `agon judge train` found on pairs that the judge had not seen; 0: it says no more than its verdict."),
    ]

    private static let policy = [
        Key("rubric", .text(default: ""), absent: "a general one", "A text file, relative to the judge's folder, that says by what answers are compared."),
        Key("tie_margin", .number(0...1_000_000, default: 0), "A preference this close to one half ties, in either order."),
    ]

    private static let exact = [
        Key("match", .choice(ExactJudge.Mode.allCases.map(\.rawValue), default: ExactJudge.Mode.string.rawValue), "What counts as equal to the gold answer.")
    ]

    private static let panel = [
        Key("members", .list(default: nil), "Folders of judges beside this one, or paths with a slash from this folder."),
        Key("rule", .choice(JudgePanelRule.allCases.map(\.rawValue), default: JudgePanelRule.weighted.rawValue), "`majority` of votes; `mean` of preferences; `weighted`: log-odds of what canaries say of each member, none for one at or below chance; `dawid_skene`: the likeliest truth, estimated from all votes and the canaries. Before the first canary `weighted` counts heads."),
    ]
}
