public import AgonCore
public import AgonJudging
public import AgonTransformer

/// Folders made judges.
public enum Judges {
    /// The judge of a folder, ready to be asked.
    ///
    /// - Parameters:
    ///   - labels: whether verdicts of judges that see order carry the mean preference of both orders.
    ///   - pairing: which pairs of answers a judge that sees order is asked about.
    ///   - threads: that one call may use; no verdict depends on them.
    ///   - kernels: the path that models compute on; nil takes the process's.
    /// - Throws: `AgentError` or `TransformerError`, one sentence naming the file.
    public static func load(
        _ folder: String, labels: PairLabels = .soft, pairing: AnswerPairing = .all, threads: Int, kernels: Kernels? = nil
    ) throws -> any Judge {
        let configuration = try JudgeConfiguration(folder: folder)
        let id = JudgeID(name: configuration.name)
        func packed(_ folder: ModelFolder) throws -> Transformer {
            Transformer(folder.parameters, kernels: try kernels ?? .current, weights: configuration.weights)
        }
        switch configuration.kind {
        case .exact: return ExactJudge.judge(id: id, mode: configuration.exactMode)
        case .rewardModel:
            let folder = try configuration.loadModel()
            let judge = RewardModel(
                id: id, transformer: try packed(folder), tokenizer: folder.tokenizer,
                chatTemplate: try configuration.chatTemplate(of: folder), threads: threads
            ).judge(tieMargin: configuration.tieMargin)
            return configuration.temperature.map { CalibratedJudge(judge, temperature: $0) } ?? judge
        case .policy:
            let folder = try configuration.loadModel()
            let comparer = try PolicyComparer(configuration, folder: folder, transformer: packed(folder), threads: threads)
            return BothOrdersJudge(id: id, labels: labels, pairing: pairing, comparer: comparer)
        }
    }
}
