public import AgonCore

/// A mixed crowd that plays a game: what a base model watches before it ever competes.
///
/// Every move is one of the game's expert with probability `skill`, any legal one otherwise. A model that imitates such
/// games knows the rules and how well the crowd plays, and has everything above that still to learn.
public struct GameCrowd: Sendable {
    private let game: any Game
    private let deals: [String]
    private let strategy: GameStrategy

    /// - Parameter skill: the probability of a move of the expert, 0 … 1.
    public init(game: any Game, skill: Double) {
        guard let strategy = game.strategy(named: "noisy_expert", skill: skill) else {
            preconditionFailure("a crowd's skill is a probability, skill is \(skill)")
        }
        self.game = game
        self.strategy = strategy
        deals = game.deals
    }

    /// A whole game from one of the deals as one seat saw it, the same for the same seed. Where all seats saw the same,
    /// whose view it is makes no difference; otherwise each is equally likely.
    public func transcript(seed: Seed) -> String {
        var generator = SeededGenerator(seed.child(.sample, 0))
        let deal = deals.count == 1 ? deals[0] : generator.element(of: deals) ?? ""
        guard var position = game.position(after: deal) else { return "" }
        while !position.seatsToMove.isEmpty {
            let moves = position.seatsToMove.compactMap { seat in
                strategy.move(inView: position.view(of: seat), using: &generator)
            }
            guard let next = position.playing(moves) else { break }
            position = next
        }
        let views = (0..<game.seatCount).map { position.view(of: $0) }
        return Set(views).count == 1 ? views[0] : generator.element(of: views) ?? ""
    }

    /// `count` games; the game at an index does not depend on how many are asked for.
    public func transcripts(count: Int, seed: Seed) -> [String] {
        (0..<count).map { transcript(seed: seed.child(.room, $0)) }
    }
}
