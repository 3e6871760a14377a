/// What changes a preference loss beside its type and β, under TRL's names where it has one.
///
/// Nil means not given. An option that none of the chosen losses reads is refused by `PreferenceLoss`, so that nobody
/// trains with a setting that does nothing.
public struct PreferenceLossOptions: Sendable, Hashable {
    /// `label_smoothing`, ε: the share of labels thought flipped; read by `cdpo`, `robust`, `exo_pair`, `aot*`.
    public var labelSmoothing: Double?
    /// `f_divergence_type` and `f_alpha_divergence_coef`; read by the losses of the margin.
    public var divergence: PreferenceDivergence?
    /// `ld_alpha` of LD-DPO: tokens beyond the pair's shorter length count this much, 0 … 1, in policy and reference.
    /// Liu et al. 2024, arXiv:2409.06411.
    public var ldAlpha: Double?
    /// `use_weighting` of WPO: a pair's loss is multiplied by how likely both its sides are under the policy. With a
    /// weak model that factor is tiny, and so is the effective learning rate. Zhou et al. 2024, arXiv:2406.11827, eq. 2.
    public var usesWeighting: Bool
    /// `discopop_tau`, τ of `discopop`; 0.05 where nil.
    public var discopopTau: Double?
    /// `rdpo_alpha` of R-DPO: z + α(n⁺ − n⁻), in nats per token. A longer winner already explains a part of its win
    /// by length and is pushed less. Park et al. 2024, arXiv:2403.19159, eq. 9.
    public var lengthAlpha: Double?
    /// `dpop_lambda` of DPOP: z − βλ·max(0, −c), so that a chosen side that becomes rarer than under the reference
    /// costs. About 5 to 50 in the paper. Pal et al. 2024, arXiv:2402.13228, eq. 3.
    public var dpopLambda: Double?

    public init(
        labelSmoothing: Double? = nil, divergence: PreferenceDivergence? = nil, ldAlpha: Double? = nil,
        usesWeighting: Bool = false, discopopTau: Double? = nil, lengthAlpha: Double? = nil, dpopLambda: Double? = nil
    ) {
        self.labelSmoothing = labelSmoothing
        self.divergence = divergence
        self.ldAlpha = ldAlpha
        self.usesWeighting = usesWeighting
        self.discopopTau = discopopTau
        self.lengthAlpha = lengthAlpha
        self.dpopLambda = dpopLambda
    }

    /// Checks ranges, and that each given option is read by one of the losses.
    ///
    /// - Throws: `invalidConfiguration`, naming the option.
    func check(_ types: [PreferenceLossType]) throws(TrainingError) {
        try requireRead("label_smoothing", labelSmoothing != nil, types) { $0.readsLabelSmoothing }
        try requireRead("f_divergence_type", divergence != nil, types) { $0.readsMargin }
        try requireRead("discopop_tau", discopopTau != nil, types) { $0 == .discopop }
        try requireRead("rdpo_alpha", lengthAlpha != nil, types) { $0.takesSoftLabels }
        try requireRead("dpop_lambda", dpopLambda != nil, types) { $0.takesSoftLabels }
        try requireRead("ld_alpha", ldAlpha != nil, types) { $0 != .sft }
        try checkLabelSmoothing(types)
        if let divergence, divergence != .reverseKL, let type = types.first(where: { !$0.readsMargin && $0 != .sft }) {
            throw TrainingError(
                .invalidConfiguration,
                "f_divergence_type \(divergence.name) is ignored by loss_type \(type.rawValue); remove one of them.")
        }
        if usesWeighting, let type = types.first(where: \.couplesBatch) {
            throw TrainingError(
                .invalidConfiguration,
                "use_weighting weighs pairs, but loss_type \(type.rawValue) has no loss per pair; remove one of them.")
        }
        if let ldAlpha { try requireRange("ld_alpha", ldAlpha, through: 1) }
        if let discopopTau { try requireRange("discopop_tau", discopopTau, Double.leastNormalMagnitude..<1e6) }
        if let lengthAlpha { try requireRange("rdpo_alpha", lengthAlpha, -1e3..<1e3) }
        if let dpopLambda { try requireRange("dpop_lambda", dpopLambda, 0..<1e6) }
    }

    private func checkLabelSmoothing(_ types: [PreferenceLossType]) throws(TrainingError) {
        if let labelSmoothing { try requireRange("label_smoothing", labelSmoothing, 0..<0.5) }
        if types.contains(.exoPair), (labelSmoothing ?? 0) <= 0 {
            throw TrainingError(
                .invalidConfiguration, "label_smoothing must be above 0 for loss_type exo_pair, such as 0.001.")
        }
        if types.contains(.cdpo), labelSmoothing == nil {
            throw TrainingError(
                .invalidConfiguration, "label_smoothing must be given for loss_type cdpo; without it use sigmoid.")
        }
    }
}

/// Checks that an option that was given is read by one of the chosen losses.
func requireRead(
    _ name: String, _ isGiven: Bool, _ types: [PreferenceLossType], by reads: (PreferenceLossType) -> Bool
) throws(TrainingError) {
    guard isGiven, !types.contains(where: reads) else { return }
    let chosen = types.map(\.rawValue).joined(separator: ", ")
    let readers = PreferenceLossType.allCases.filter(reads).map(\.rawValue).joined(separator: ", ")
    throw TrainingError(
        .invalidConfiguration, "\(name) is ignored by loss_type \(chosen); remove it or choose one of \(readers).")
}
