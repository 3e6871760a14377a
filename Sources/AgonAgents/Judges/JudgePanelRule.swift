import Foundation

/// How a panel's votes become its verdict. The names are those of the configuration.
public enum JudgePanelRule: String, Sendable, CaseIterable {
    case majority, mean, weighted
    case dawidSkene = "dawid_skene"
}

extension JudgeConfiguration {
    /// Whether it names a native model.
    public var isModel: Bool { kind == .rewardModel || kind == .policy }

    /// Everything of it that decides a verdict beside a model's weights, in one form; its place and what people read do not.
    public var decidingText: String {
        var bare = self
        (bare.file, bare.summary, bare.weightsPlace, bare.model) = ("", "", "", "")
        (bare.languageModel, bare.answerTests, bare.command) = (nil, nil, nil)
        bare.members = members.map(AgentConfiguration.name(ofFolder:))
        let own = languageModel?.decidingText ?? answerTests?.decidingText ?? command?.decidingText ?? ""
        return String(describing: bare) + own
    }

    /// How the programs of the judge are kept apart from this machine, in one sentence; nil where it runs none, or none
    /// that is sealed.
    public var sealingSentence: String? { answerTests?.sealingSentence ?? command?.sealingSentence }

    /// A name is a folder beside the panel's; a path with a slash is taken from the panel's folder.
    static func memberFolder(_ name: String, of folder: String) -> String {
        RelativePath.resolved(name.contains("/") ? name : "../" + name, in: folder)
    }

    /// A panel needs several members, each with a name of its own.
    static func check(_ members: [String], _ reader: ConfigurationReader) throws {
        guard members.count > 1 else {
            throw reader.error("members", "a panel needs at least two members: name folders of judges.")
        }
        var names: Set<String> = []
        for member in members {
            let name = AgentConfiguration.name(ofFolder: member)
            guard names.insert(name).inserted else {
                throw reader.error("members", "`\(name)` stands twice: copy its folder under another name.")
            }
        }
    }
}
