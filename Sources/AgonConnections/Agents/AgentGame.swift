/// A game as an agent from outside is told of it.
public struct AgentGame: Sendable {
    /// The name in an arena's file.
    public var name: String
    /// The rules and the text form in words.
    public var rules: String
    /// What a seat has seen as a picture; nil where the text is the best there is.
    public var picture: @Sendable (_ view: String) -> String?

    public init(name: String, rules: String, picture: @escaping @Sendable (_ view: String) -> String? = { _ in nil }) {
        self.name = name
        self.rules = rules
        self.picture = picture
    }
}
