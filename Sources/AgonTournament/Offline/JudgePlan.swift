import AgonAgents
import AgonTransformer
import Foundation

/// What `agon judge train` would do: everything is read and checked, nothing is trained and nothing is written.
public struct JudgePlan: Sendable, Hashable, Codable {
    public var judge: String
    public var base: String
    public var trainingPairCount: Int
    public var heldOutPairCount: Int
    public var undecidedCount: Int
    public var unreadableCount: Int
    public var stepCount: Int
    public var parameterCount: Int
    public var kernels: String

    public init(_ training: JudgeTraining) {
        judge = training.options.judge
        base = training.options.base
        trainingPairCount = training.training.count
        heldOutPairCount = training.heldOut.count
        (undecidedCount, unreadableCount) = (training.undecidedCount, training.unreadableCount)
        stepCount = training.stepCount
        parameterCount = ParameterLayout(training.start.config).count
        kernels = training.kernels.name
    }

    /// The plan in sentences, fit for a terminal.
    public var text: String {
        DisplayText.visible(
            """
            A reward model with \(ReportNumber.count(parameterCount)) parameters from \(base): \(ReportNumber.count(stepCount)) steps on \(ReportNumber.count(trainingPairCount)) pairs, \(ReportNumber.count(heldOutPairCount)) held out, \(ReportNumber.count(undecidedCount)) that decide nothing and \(ReportNumber.count(unreadableCount)) that it cannot read left out, kernels \(kernels).
            It would be written to \(judge). Nothing was trained.
            """, keepsLines: true)
    }
}

extension Catalog {
    /// The folder of a judge that is to be made: a name under `judges/`, or a path with a slash.
    /// - Throws: `configuration` for a name that cannot be a folder's.
    public func newJudge(_ name: String) throws(TournamentError) -> String {
        if name.contains("/") { return name }
        guard FolderName.isValid(name) else { throw TournamentError(.configuration, FolderName.complaint(name)) }
        return folder(.judge) + "/" + name
    }

    /// The model that a path or the name of an agent or a judge leads to.
    /// - Throws: `AgentError` or `TournamentError`, naming what is not there.
    public func modelFolder(_ text: String) throws -> String {
        let path = FileManager.default.fileExists(atPath: text) ? text : try path(of: text, among: [.agent, .judge])
        guard FileManager.default.fileExists(atPath: path + "/agent.yaml") else { return path }
        let agent = try AgentConfiguration(folder: path)
        guard case .transformer(let model) = agent.kind else {
            throw AgentError(.badValue, "\(agent.file) is no transformer agent, so there is no model to start from.")
        }
        return model
    }
}
