import Foundation

/// TrueSkill: a normal belief per player, moved by expectation propagation over a ranked room of single players.
///
/// A player's performance is normal about its skill with variance β²; of two neighbours in the ranking the better one's
/// performance exceeds the other's by more than ε, or they lie within ε of each other where they tie. Messages run along
/// the chain of neighbours until nothing moves by more than 10⁻⁴, at most ten times, which is what the reference
/// implementation does; ε = Φ⁻¹((p_draw + 1)/2) · √2 · β.
///
/// - Source: Herbrich, Minka and Graepel 2006, NIPS 19, table 1 and figure 1.
public struct TrueSkill: Sendable, Hashable {
    /// The usual defaults: μ 25, σ 25/3, β 25/6, τ 25/300, one draw in ten.
    public struct Options: Sendable, Hashable, Codable {
        public var mu: Double
        public var sigma: Double
        public var beta: Double
        public var tau: Double
        public var drawProbability: Double

        public init(
            mu: Double = 25, sigma: Double = 25.0 / 3, beta: Double = 25.0 / 6, tau: Double = 25.0 / 300,
            drawProbability: Double = 0.1
        ) {
            self.mu = mu
            self.sigma = sigma
            self.beta = beta
            self.tau = tau
            self.drawProbability = drawProbability
        }
    }

    public let options: Options
    public private(set) var mu: [Double]
    public private(set) var sigma: [Double]

    public init(playerCount: Int, options: Options = Options()) {
        self.options = options
        mu = [Double](repeating: options.mu, count: playerCount)
        sigma = [Double](repeating: options.sigma, count: playerCount)
    }

    /// The beliefs after a log.
    public init(_ log: BattleLog, options: Options = Options()) {
        self.init(playerCount: log.names.count, options: options)
        for index in 0..<log.roomCount {
            let room = log.room(index)
            play(log.seats[room], ranks: log.ranks[room])
        }
    }

    /// A normal density by its precision and precision times mean; a message of precision 0 says nothing.
    private struct Gaussian: Hashable {
        var precision = 0.0
        var tau = 0.0

        var mean: Double { precision == 0 ? 0 : tau / precision }
        static func * (one: Gaussian, other: Gaussian) -> Gaussian {
            Gaussian(precision: one.precision + other.precision, tau: one.tau + other.tau)
        }
        static func / (one: Gaussian, other: Gaussian) -> Gaussian {
            Gaussian(precision: one.precision - other.precision, tau: one.tau - other.tau)
        }
        /// With more variance, as through a factor that adds noise.
        func blurred(_ variance: Double) -> Gaussian {
            let share = 1 / (1 + variance * precision)
            return Gaussian(precision: share * precision, tau: share * tau)
        }
        init(precision: Double = 0, tau: Double = 0) {
            self.precision = precision
            self.tau = tau
        }
        init(mean: Double, variance: Double) { self.init(precision: 1 / variance, tau: mean / variance) }
    }

    /// Two neighbours of the ranking: messages from their difference to both, and from the truncation to the difference.
    private struct Link {
        var toUpper = Gaussian()
        var toLower = Gaussian()
        var truncation = Gaussian()
        var difference = Gaussian()
        var isTie: Bool
    }

    /// Plays a room.
    ///
    /// - Parameter ranks: of each seat, lower is better, equal is a tie.
    public mutating func play(_ seats: ArraySlice<Int32>, ranks: ArraySlice<UInt8>) {
        let order = zip(seats, ranks).enumerated().sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }
        let players = order.map { Int($0.element.0) }
        let margin =
            NormalDistribution.quantile((options.drawProbability + 1) / 2) * 2.0.squareRoot() * options.beta
        let priors = players.map {
            Gaussian(mean: mu[$0], variance: sigma[$0] * sigma[$0] + options.tau * options.tau)
        }
        let performances = priors.map { $0.blurred(options.beta * options.beta) }
        var links = (0..<(order.count - 1)).map {
            Link(isTie: order[$0].element.1 == order[$0 + 1].element.1)
        }
        let last = links.count - 1
        for _ in 0..<10 {
            var change = 0.0
            if last == 0 {
                change = Self.truncate(&links, 0, performances, margin)
            } else {
                for index in 0..<last {
                    change = max(change, Self.truncate(&links, index, performances, margin))
                    Self.send(&links, index, performances, up: false)
                }
                for index in stride(from: last, to: 0, by: -1) {
                    change = max(change, Self.truncate(&links, index, performances, margin))
                    Self.send(&links, index, performances, up: true)
                }
            }
            if change <= 1e-4 { break }
        }
        Self.send(&links, 0, performances, up: true)
        Self.send(&links, last, performances, up: false)
        for seat in players.indices {
            var likelihood = Gaussian()
            if seat > 0 { likelihood = likelihood * links[seat - 1].toLower }
            if seat <= last { likelihood = likelihood * links[seat].toUpper }
            let skill = priors[seat] * likelihood.blurred(options.beta * options.beta)
            mu[players[seat]] = skill.mean
            sigma[players[seat]] = (1 / skill.precision).squareRoot()
        }
    }

    /// What a seat's performance is thought to be without the word of one of its links.
    private static func cavity(
        _ links: [Link], _ performances: [Gaussian], seat: Int, without link: Int
    ) -> Gaussian {
        var belief = performances[seat]
        if seat > 0, seat - 1 != link { belief = belief * links[seat - 1].toLower }
        if seat < links.count, seat != link { belief = belief * links[seat].toUpper }
        return belief
    }

    /// Sends both performances to the link's difference and truncates it; the larger change of its belief.
    private static func truncate(
        _ links: inout [Link], _ index: Int, _ performances: [Gaussian], _ margin: Double
    ) -> Double {
        let upper = cavity(links, performances, seat: index, without: index)
        let lower = cavity(links, performances, seat: index + 1, without: index)
        let difference = Gaussian(
            mean: upper.mean - lower.mean, variance: 1 / upper.precision + 1 / lower.precision)
        let root = difference.precision.squareRoot()
        let (v, w) = corrections(difference.tau / root, margin * root, isTie: links[index].isTie)
        let belief = Gaussian(
            precision: difference.precision / (1 - w), tau: (difference.tau + root * v) / (1 - w))
        let before = difference * links[index].truncation
        links[index].difference = belief
        links[index].truncation = belief / difference
        return max(abs(before.tau - belief.tau), abs(before.precision - belief.precision).squareRoot())
    }

    /// Sends the truncated difference to the better or the worse of the two.
    private static func send(_ links: inout [Link], _ index: Int, _ performances: [Gaussian], up: Bool) {
        let other = cavity(links, performances, seat: up ? index + 1 : index, without: index)
        let message = links[index].truncation
        guard message.precision > 0 else { return }
        let mean = up ? message.mean + other.mean : other.mean - message.mean
        let sent = Gaussian(mean: mean, variance: 1 / message.precision + 1 / other.precision)
        if up { links[index].toUpper = sent } else { links[index].toLower = sent }
    }

    /// The additive and multiplicative corrections of a truncated normal, v and w of the paper.
    static func corrections(_ difference: Double, _ margin: Double, isTie: Bool) -> (v: Double, w: Double) {
        if !isTie {
            let x = difference - margin
            let mass = NormalDistribution.cumulative(x)
            // Far in the tail the ratio tends to −x.
            let v = mass > 1e-300 ? NormalDistribution.density(x) / mass : -x
            return (v, min(max(v * (v + x), 0), 1 - 1e-12))
        }
        let size = abs(difference)
        let (a, b) = (margin - size, -margin - size)
        let mass = NormalDistribution.cumulative(a) - NormalDistribution.cumulative(b)
        guard mass > 1e-300 else { return (difference < 0 ? -a : a, 1 - 1e-12) }
        let v = (NormalDistribution.density(b) - NormalDistribution.density(a)) / mass
        let w = v * v + (a * NormalDistribution.density(a) - b * NormalDistribution.density(b)) / mass
        return (difference < 0 ? -v : v, min(max(w, 0), 1 - 1e-12))
    }
}
