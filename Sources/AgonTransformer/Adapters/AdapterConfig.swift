/// What an adapter changes and how strongly: the settings of LoRA, named as PEFT names them in Swift's spelling.
///
///     y = W·x + scale · B·A·dropout(x)        scale = alpha / rank, with rsLoRA alpha / √rank
///
/// With DoRA each output has a magnitude m of its own: y = m / ‖W + scale·B·A‖ · (W·x + scale·B·A·dropout(x)), the
/// norm taken over each row and held constant by the gradient.
///
/// - Source: Hu et al. 2021, arXiv:2106.09685; Kalajdzievski 2023, arXiv:2312.03732; Liu et al. 2024,
///   arXiv:2402.09353, eq. 5 and §4.3.
public struct AdapterConfig: Sendable, Equatable {
    /// Which linear layers have low-rank matrices.
    public enum Targets: Sendable, Equatable {
        /// Names, each the whole of a module's name or what follows one of its dots, such as `q_proj`.
        case names([String])
        /// A regular expression that matches the whole name, such as `.*layers\.[01]\..*_proj`.
        case pattern(String)
        /// Every linear layer but the head.
        case allLinear
    }

    /// How A begins; B always begins at zero, so that a new adapter changes nothing.
    public enum Initialisation: String, Sendable, Equatable {
        /// Uniform in ±1/√inputs.
        case uniform
        /// Normal with deviation 1/rank.
        case gaussian
    }

    /// One entry of `rank_pattern` or `alpha_pattern`: a pattern for the end of a name, and what holds there.
    public struct Override<Value: Sendable & Equatable>: Sendable, Equatable {
        /// A regular expression that matches the whole name or what follows one of its dots.
        public var pattern: String
        public var value: Value

        public init(_ pattern: String, _ value: Value) {
            self.pattern = pattern
            self.value = value
        }
    }

    /// `r`: rows of A and columns of B.
    public let rank: Int
    /// `lora_alpha`
    public let alpha: Double
    /// `lora_dropout`: the probability that a channel of the low-rank branch's input is zero during training.
    public let dropout: Double
    /// `target_modules`
    public let targets: Targets
    /// `exclude_modules`: left out though targeted.
    public let excluded: Targets?
    /// `layers_to_transform`: the layers that names apply to; nil for all.
    public let layers: [Int]?
    /// `rank_pattern`: the first that matches replaces `rank`.
    public let rankPattern: [Override<Int>]
    /// `alpha_pattern`: the first that matches replaces `alpha`.
    public let alphaPattern: [Override<Double>]
    /// `use_rslora`
    public let usesRankStabilisation: Bool
    /// `use_dora`
    public let usesMagnitudes: Bool
    /// `init_lora_weights`
    public let initialisation: Initialisation

    /// The names that PEFT takes for Llama and Qwen where none are given.
    public static let defaultTargets = Targets.names(["q_proj", "v_proj"])

    /// Checks the settings.
    ///
    /// - Throws: `invalidConfig`, naming the first setting that is out of range and its value.
    public init(
        rank: Int = 8, alpha: Double = 8, dropout: Double = 0, targets: Targets = AdapterConfig.defaultTargets,
        excluded: Targets? = nil, layers: [Int]? = nil, rankPattern: [Override<Int>] = [],
        alphaPattern: [Override<Double>] = [], usesRankStabilisation: Bool = false, usesMagnitudes: Bool = false,
        initialisation: Initialisation = .uniform
    ) throws(TransformerError) {
        for (name, value) in [("r", rank)] + rankPattern.map({ ("rank_pattern \"\($0.pattern)\"", $0.value) }) {
            guard (1...Self.rankLimit).contains(value) else {
                throw TransformerError(
                    .invalidConfig, "\(name) must be between 1 and \(Self.rankLimit), but is \(value).")
            }
        }
        let alphas = [("lora_alpha", alpha)] + alphaPattern.map { ("alpha_pattern \"\($0.pattern)\"", $0.value) }
        for (name, value) in alphas {
            guard value > 0, value <= 1e6 else {
                throw TransformerError(
                    .invalidConfig, "\(name) must be greater than 0 and at most 1000000, but is \(value).")
            }
        }
        guard dropout >= 0, dropout < 1 else {
            throw TransformerError(.invalidConfig, "lora_dropout must be at least 0 and below 1, but is \(dropout).")
        }
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.targets = targets
        self.excluded = excluded
        self.layers = layers
        self.rankPattern = rankPattern
        self.alphaPattern = alphaPattern
        self.usesRankStabilisation = usesRankStabilisation
        self.usesMagnitudes = usesMagnitudes
        self.initialisation = initialisation
    }

    private static let rankLimit = 1 << 16

    /// What B·A is multiplied with.
    func scale(rank: Int, alpha: Double) -> Double {
        alpha / (usesRankStabilisation ? Double(rank).squareRoot() : Double(rank))
    }
}
