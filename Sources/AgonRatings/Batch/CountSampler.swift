import AgonCore
import Foundation

/// Draws of N battles from N battles with replacement, by their counts: multinomial, exactly, in time that does not
/// grow with N.
///
/// Independent Poisson counts with means a little below the counts give a total T just below N; given T they are
/// multinomial. The N − T that are missing are drawn one by one. Where T exceeds N all is drawn again, which happens once
/// in 30,000 times and, since every T gives a multinomial draw, favours nothing.
///
/// - Source: Devroye 1986, Non-Uniform Random Variate Generation, chapter 11.1; Walker 1977, ACM TOMS 3(3), for aliases.
struct CountSampler: Sendable {
    /// Poisson's distribution for one mean, cut where its tail has less than 2⁻⁵³.
    private struct Distribution: Sendable {
        let start: Int
        /// P(X ≤ start + index).
        let cumulative: [Double]
        /// Where the search for each 64th of the range begins.
        let guide: [Int32]

        init(mean: Double) {
            let deviation = mean.squareRoot()
            let start = max(0, Int(mean - 9 * deviation - 2))
            let end = Int(mean + 9 * deviation + 20)
            var sum = 0.0
            var cumulative: [Double] = []
            var term = exp(Double(start) * log(mean) - mean - lgamma(Double(start) + 1))
            for value in start...end {
                sum += term
                cumulative.append(sum)
                term *= mean / Double(value + 1)
            }
            let total = sum
            cumulative = cumulative.map { $0 / total }
            var guide: [Int32] = []
            var index = 0
            for part in 0..<64 {
                while cumulative[index] < Double(part) / 64 { index += 1 }
                guide.append(Int32(index))
            }
            self.start = start
            self.cumulative = cumulative
            self.guide = guide
        }

        @inline(__always) func draw(_ unit: Double) -> Int {
            var index = Int(guide[Int(unit * 64)])
            while index + 1 < cumulative.count && cumulative[index] <= unit { index += 1 }
            return start + index
        }
    }

    let counts: [Int]
    let total: Int
    private let distributions: [Distribution]
    /// Per cell which distribution is its own; −1 where the mean is 0.
    private let kind: [Int32]
    /// Walker's aliases over the cells.
    private let threshold: [Double]
    private let alias: [Int32]

    init(counts: [Int]) {
        self.counts = counts
        let total = counts.reduce(0, +)
        self.total = total
        let thinning = max(0, 1 - 4 / Double(max(total, 1)).squareRoot())
        var known: [Int: Int32] = [:]
        var distributions: [Distribution] = []
        kind = counts.map { count in
            if thinning == 0 || count == 0 { return -1 }
            if let index = known[count] { return index }
            let index = Int32(distributions.count)
            known[count] = index
            distributions.append(Distribution(mean: thinning * Double(count)))
            return index
        }
        self.distributions = distributions
        var threshold = [Double](repeating: 1, count: counts.count)
        var alias = counts.indices.map { Int32($0) }
        let share = counts.map { Double($0) * Double(counts.count) / Double(max(total, 1)) }
        var left = share
        var small = left.indices.filter { left[$0] < 1 }
        var large = left.indices.filter { left[$0] >= 1 }
        while let low = small.popLast(), let high = large.last {
            threshold[low] = left[low]
            alias[low] = Int32(high)
            left[high] -= 1 - left[low]
            if left[high] < 1 {
                large.removeLast()
                small.append(high)
            }
        }
        self.threshold = threshold
        self.alias = alias
    }

    /// One draw, into an array of as many cells.
    func draw(into cells: inout [Int], _ generator: inout SeededGenerator) {
        guard total > 0 else { return }
        var drawn = 0
        repeat {
            drawn = 0
            for cell in kind.indices {
                let value = kind[cell] < 0 ? 0 : distributions[Int(kind[cell])].draw(generator.unit())
                cells[cell] = value
                drawn += value
            }
        } while drawn > total
        for _ in drawn..<total {
            let place = generator.unit() * Double(kind.count)
            let cell = min(Int(place), kind.count - 1)
            cells[place - Double(cell) < threshold[cell] ? cell : Int(alias[cell])] += 1
        }
    }
}
