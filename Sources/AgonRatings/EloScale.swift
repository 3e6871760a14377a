import Foundation

/// The logistic scale on which all ratings are read: 400 points are ten to one.
public enum EloScale {
    /// Points per natural unit of strength (nat of log-odds): 400 / ln 10 ≈ 173.7178.
    public static let pointsPerNat = 400 / log(10.0)

    /// The score that a rating difference promises: 1 / (1 + 10^(−difference / scale)).
    ///
    /// - Source: Elo 1978, The Rating of Chessplayers, in the logistic form that FIDE and chess servers use.
    public static func expectedScore(difference: Double, scale: Double = 400) -> Double {
        1 / (1 + pow(10, -difference / scale))
    }

    /// The rating difference that promises a score: −scale · log10(1 / score − 1).
    ///
    /// Infinite at 0 and 1: a clean sweep bounds a difference from one side only.
    public static func difference(score: Double, scale: Double = 400) -> Double {
        if score <= 0 { return -.infinity }
        if score >= 1 { return .infinity }
        return -scale * log10(1 / score - 1)
    }
}
