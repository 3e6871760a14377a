import AgonAgents
import AgonTraining
import AgonTransformer

/// What `agon train` would do: everything is checked, nothing is trained and nothing is written.
public struct OfflinePlan: Sendable, Hashable, Codable {
    public var agent: String
    public var algorithm: String
    public var pairs: String
    /// Pairs, answers or sequences to learn from.
    public var itemCount: Int
    /// Pairs of equal sides, which are left out.
    public var identicalCount: Int
    /// Items whose prompt ends in a token that the answer changes.
    public var mergedCount: Int
    public var longestTokenCount: Int
    /// At most: an `eval_share` and a `max_length` that drops items make it fewer.
    public var stepCount: Int
    public var trainedParameterCount: Int
    /// The folder that would be written.
    public var output: String
    /// Whether an earlier start's checkpoint is there to go on from.
    public var goesOn: Bool
    public var kernels: String

    public init(_ training: OfflineTraining) {
        let folders = training.folders
        agent = training.agent.name
        algorithm = training.training.method.algorithm.rawValue
        pairs = training.options.pairs
        itemCount = training.data.data.count
        identicalCount = training.data.identicalCount
        mergedCount = training.data.mergedCount
        longestTokenCount = training.data.longest.count
        stepCount = training.training.stepCount(items: itemCount)
        trainedParameterCount = switch training.weights {
        case .parameters(let parameters): ParameterLayout(parameters.config).count
        case .adapter(let adapter, _): adapter.parameterCount
        }
        output = folders.version
        goesOn = DurableFile.exists(folders.training.path + "/checkpoint")
        kernels = training.kernels.name
    }

    /// The plan in sentences, fit for a terminal.
    public var text: String {
        let items = algorithm == "kto" ? "answers" : algorithm == "sft" ? "sequences" : "pairs"
        let lost = identicalCount > 0 ? " \(ReportNumber.count(identicalCount)) pairs of equal sides are left out." : ""
        let merged = mergedCount > 0
            ? " In \(ReportNumber.count(mergedCount)) of them a token reaches over the end of the prompt; it counts to the answer." : ""
        return DisplayText.visible(
            """
            \(agent) learns by \(algorithm) from \(ReportNumber.count(itemCount)) \(items) of \(pairs), the longest of \(ReportNumber.count(longestTokenCount)) tokens: at most \(ReportNumber.count(stepCount)) steps on \(ReportNumber.count(trainedParameterCount)) parameters, kernels \(kernels).\(lost)\(merged)
            It would be written to \(output)\(goesOn ? ", from the checkpoint of an earlier start" : ""). Nothing was trained.
            """, keepsLines: true)
    }
}
