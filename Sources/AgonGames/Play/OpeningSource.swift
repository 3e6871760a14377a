public import AgonCore

/// A game's openings as prompts: the text is the opening, the id `GAME:OPENING`.
///
/// The text holds the whole deal: it is the room's, and what a seat is asked is that seat's view of it. The split is by
/// `Game.splitKey(of:)`: orders of moves that lead to one board lie on one side.
public struct OpeningSource: PromptSource {
    private let pools: [PromptSide: PromptPool]

    /// - Parameter oneIn: one opening in so many is held out, and one in so many of the rest is the gate's.
    public init(game: any Game, oneIn: Int = 5) {
        precondition(oneIn > 0, "the held-out share needs a positive number, oneIn is \(oneIn)")
        let prompts = game.openings.map { Prompt(id: "\(game.name):\($0)", text: $0) }
        pools = Dictionary(grouping: prompts) { OpeningSource.side(of: $0.text, in: game, oneIn: oneIn) }
            .mapValues { PromptPool(prompts: $0) }
    }

    /// The side of an opening, by its key.
    public static func side(of opening: String, in game: any Game, oneIn: Int = 5) -> PromptSide {
        PromptSide(of: game.splitKey(of: opening).map { "\(game.name):\($0)" } ?? opening, oneIn: oneIn)
    }

    /// How many distinct prompts a side has.
    public func count(of side: PromptSide) -> Int { pools[side]?.prompts.count ?? 0 }

    public func prompts(_ side: PromptSide, count: Int, seed: Seed) -> [Prompt] {
        pools[side]?.drawn(count: count, seed: seed) ?? []
    }
}
