import AgonAgents
public import AgonTransformer
import Foundation

/// Folders that speak of tokens.
public enum PairTokens {
    /// The tokenizer of a model folder, or of the model that an agent's folder leads to.
    /// - Throws: `AgentError` or `TransformerError`, naming the file.
    public static func tokenizer(in folder: String) throws -> Tokenizer {
        guard FileManager.default.fileExists(atPath: folder + "/agent.yaml") else { return try Tokenizer.read(folder + "/tokenizer.json") }
        let agent = try AgentConfiguration(folder: folder)
        guard case .transformer(let model) = agent.kind else {
            throw AgentError(.badValue, "\(agent.file) is no transformer agent, so it has no tokenizer: name another folder.")
        }
        return try Tokenizer.read(model + "/tokenizer.json")
    }
}

extension PairImport.Summary {
    /// What was found, in sentences.
    public var text: String {
        func count(_ number: Int, _ what: String) -> String? { number == 0 ? nil : "\(ReportNumber.count(number)) \(what)" }
        let lost = [
            count(duplicateCount, "repeated"), count(identicalCount, "with equal sides"),
            count(unpairedCount, "single answers without a counterpart"), count(contradictionCount, "contradicted by another"),
        ].compactMap { $0 }
        let parts = [count(pairCount, "pairs"), count(labelledCount, "single answers")].compactMap { $0 }
        return "Read \(parts.isEmpty ? "nothing" : parts.joined(separator: " and ")); "
            + "\(ReportNumber.count(writtenCount)) pairs are good to train on"
            + (conversationCount > 0 ? ", \(ReportNumber.count(conversationCount)) of them conversations" : "") + "."
            + (lost.isEmpty ? "" : " Found: \(lost.joined(separator: ", ")).")
    }
}
