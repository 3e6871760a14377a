public import AgonCore

/// A mixed crowd that plays a game: what a base model watches before it ever competes.
///
/// Every move is one of the best with probability `skill`, any legal one otherwise. A model that imitates such
/// games knows the rules and how well the crowd plays, and has everything above that still to learn.
public struct GameCrowd: Sendable {
    private let game: any Game
    private let skill: Double

    /// - Parameter skill: the probability of a best move, 0 … 1.
    public init(game: any Game, skill: Double) {
        precondition((0...1).contains(skill), "a crowd's skill is a probability, skill is \(skill)")
        self.game = game
        self.skill = skill
    }

    /// A whole game from the empty opening, the same for the same seed.
    public func transcript(seed: Seed) -> String {
        guard var position = game.position(after: "") else { return "" }
        var generator = SeededGenerator(seed.child(.sample, 0))
        var transcript = ""
        while let move = position.move(skill: skill, using: &generator), let next = position.playing(move) {
            transcript += move
            position = next
        }
        return transcript
    }

    /// `count` games; the game at an index does not depend on how many are asked for.
    public func transcripts(count: Int, seed: Seed) -> [String] {
        (0..<count).map { transcript(seed: seed.child(.room, $0)) }
    }
}
