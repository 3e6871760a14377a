public import AgonCore

/// A game's openings as prompts: the text is the opening, the id `GAME:OPENING`.
///
/// The split is by the opening's text. Two openings that reach one position by another order of moves may fall
/// on different sides: a model that reads text has still not seen the held-out one.
public struct OpeningSource: PromptSource {
    private let trainingPool: PromptPool
    private let heldOutPool: PromptPool

    /// - Parameter oneIn: one opening in so many is held out.
    public init(game: any Game, oneIn: Int = 5) {
        precondition(oneIn > 0, "the held-out share needs a positive number, oneIn is \(oneIn)")
        let prompts = game.openings.map { Prompt(id: "\(game.name):\($0)", text: $0) }
        trainingPool = PromptPool(prompts: prompts.filter { !HeldOutSplit.contains($0.text, oneIn: oneIn) })
        heldOutPool = PromptPool(prompts: prompts.filter { HeldOutSplit.contains($0.text, oneIn: oneIn) })
    }

    /// How many distinct prompts the training side has.
    public var trainingCount: Int { trainingPool.prompts.count }
    /// How many distinct prompts the held-out side has.
    public var heldOutCount: Int { heldOutPool.prompts.count }

    public func training(count: Int, seed: Seed) -> [Prompt] { trainingPool.drawn(count: count, seed: seed) }

    public func heldOut(count: Int, seed: Seed) -> [Prompt] { heldOutPool.drawn(count: count, seed: seed) }
}
