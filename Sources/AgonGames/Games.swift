/// The built-in games by the name that an arena's YAML uses.
public enum Games {
    /// Every name that `named(_:)` knows, sorted.
    public static var names: [String] { all.map(\.name).sorted() }

    /// The game of that name, nil where there is none.
    public static func named(_ name: String) -> (any Game)? { all.first { $0.name == name } }

    /// The names of all scripted rules of all games, those that every prompt arena or game has first.
    public static let strategyNames: [String] = {
        let common = ["random", "first_legal", "perfect", "noisy_expert", "echo", "fixed"]
        return all.flatMap(\.strategyNames).reduce(into: common) { names, name in
            if !names.contains(name) { names.append(name) }
        }
    }()

    private static let all: [any Game] = [
        TicTacToe(), ConnectFour(), Nim(), BidTicTacToe(), KuhnPoker(), LeducPoker(), PrisonersDilemma(), Negotiation(),
        LiarsDice(),
    ]
}

/// The built-in prompt tasks by the name that an arena's YAML uses, with the sizes that the name stands for.
public enum PromptTasks {
    /// Every name that `named(_:)` knows, sorted.
    public static var names: [String] { all.map(\.name).sorted() }

    /// The task of that name, nil where there is none.
    public static func named(_ name: String) -> (any PromptTask)? { all.first { $0.name == name } }

    private static let all: [any PromptTask] = [SortDigits(), Addition()]
}
