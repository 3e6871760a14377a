import AgonCore
import Testing

@testable import AgonJudging

@Suite("The interval of Cohen's κ") struct KappaIntervalTests {
    /// 40 and 40 agreements, 10 and 10 disagreements: p_o = 0.8, p_e = 0.5, κ = 0.6, and for balanced margins the
    /// standard error is √(p_o (1 − p_o) / n) / (1 − p_e) = 0.08.
    private static let balanced: [(Verdict, Verdict)] =
        Array(repeating: (.first, .first), count: 40) + Array(repeating: (.second, .second), count: 40)
        + Array(repeating: (.first, .second), count: 10) + Array(repeating: (.second, .first), count: 10)

    @Test("with each pair its own cluster it is the textbook's, up to G/(G−1)")
    func balanced() throws {
        let pairs = Self.balanced
        let seen = try #require(JudgeAgreement.cohenKappa(pairs, clusters: Array(pairs.indices)))
        let half = 1.959963984540054 * 0.08 * (100.0 / 99).squareRoot()
        #expect(abs(seen.kappa - 0.6) < 1e-12)
        #expect(abs(seen.low - (0.6 - half)) < 1e-12 && abs(seen.high - (0.6 + half)) < 1e-12)
    }

    @Test("pairs that are there twice in one cluster are no more evidence")
    func clustered() throws {
        let once = try #require(JudgeAgreement.cohenKappa(Self.balanced, clusters: Array(Self.balanced.indices)))
        let twice = try #require(
            JudgeAgreement.cohenKappa(Self.balanced + Self.balanced, clusters: Array(0..<100) + Array(0..<100)))
        #expect(abs(once.low - twice.low) < 1e-12 && abs(once.high - twice.high) < 1e-12)
    }

    @Test("three verdicts with uneven margins: the formula of Fleiss, Cohen and Everitt written out")
    func uneven() throws {
        let table: [(Verdict, Verdict, Int)] = [
            (.first, .first, 20), (.first, .second, 5), (.first, .tie, 3), (.second, .second, 9), (.second, .tie, 4),
            (.tie, .first, 2), (.tie, .second, 1), (.tie, .tie, 6),
        ]
        let pairs = table.flatMap { Array(repeating: ($0.0, $0.1), count: $0.2) }
        let n = Double(pairs.count)
        let kinds: [Verdict] = [.first, .second, .tie]
        func p(_ i: Verdict, _ j: Verdict) -> Double { Double(table.first { $0.0 == i && $0.1 == j }?.2 ?? 0) / n }
        func row(_ i: Verdict) -> Double { kinds.reduce(0) { $0 + p(i, $1) } }
        func column(_ j: Verdict) -> Double { kinds.reduce(0) { $0 + p($1, j) } }
        let expected = kinds.reduce(0) { $0 + row($1) * column($1) }
        let kappa = (kinds.reduce(0) { $0 + p($1, $1) } - expected) / (1 - expected)
        var (a, b) = (0.0, 0.0)
        for i in kinds {
            a += p(i, i) * (1 - (row(i) + column(i)) * (1 - kappa)) * (1 - (row(i) + column(i)) * (1 - kappa))
            for j in kinds where j != i {
                b += (1 - kappa) * (1 - kappa) * p(i, j) * (column(i) + row(j)) * (column(i) + row(j))
            }
        }
        let c = kappa - expected * (1 - kappa)
        let error = (a + b - c * c).squareRoot() / ((1 - expected) * n.squareRoot()) * (n / (n - 1)).squareRoot()
        let seen = try #require(JudgeAgreement.cohenKappa(pairs, clusters: Array(pairs.indices)))
        #expect(abs(seen.kappa - kappa) < 1e-12 && abs(seen.low - (kappa - 1.959963984540054 * error)) < 1e-12)
    }

    @Test("where all agree it claims no certainty, and where nothing can be said it says nothing")
    func edges() throws {
        let pairs: [(Verdict, Verdict)] = [(.first, .first), (.second, .second), (.first, .first), (.second, .second)]
        let seen = try #require(JudgeAgreement.cohenKappa(pairs, clusters: [0, 1, 2, 3]))
        #expect(seen.kappa == 1 && seen.high == 1 && seen.low < 0.6)
        #expect(JudgeAgreement.cohenKappa([], clusters: []) == nil)
        #expect(JudgeAgreement.cohenKappa([(.tie, .tie), (.tie, .tie)], clusters: [0, 1]) == nil)
    }
}
