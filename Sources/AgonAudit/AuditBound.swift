/// How far apart honest log-probabilities lie, measured.
public struct Deviations: Sendable, Hashable, Codable {
    public var tokenCount: Int
    /// Of |Δ log p| in nats.
    public var median: Double
    /// The 99.9th percentile.
    public var high: Double
    public var maximum: Double
    /// Tokens that the check would not have drawn.
    public var mismatchCount: Int

    /// - Parameter values: |Δ log p| of each token in nats; NaN counts as boundless.
    public init(_ values: [Double], mismatchCount: Int) {
        let sorted = values.map { $0.isNaN ? .infinity : $0 }.sorted()
        func quantile(_ share: Double) -> Double {
            sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
        }
        (tokenCount, median, high, maximum) = (sorted.count, quantile(0.5), quantile(0.999), sorted.last ?? 0)
        self.mismatchCount = mismatchCount
    }
}

/// The greatest |Δ log p| that an audit lets pass.
public struct AuditBound: Sendable, Hashable, Codable {
    /// In nats; 0 asks for the same bits.
    public let nats: Double

    /// Where prefill has the bits of decoding: on one kernel path.
    public static let exact = AuditBound(nats: 0)
    /// Between two kernel paths, unless a calibration says otherwise: eighteen times the greatest difference that was measured
    /// on the shipped float32 models.
    public static let betweenPaths = AuditBound(nats: 2e-4)

    private init(nats: Double) { self.nats = nats }

    /// A bound that has room for what is honest: nil unless it is ten times above that.
    public init?(nats: Double, above honest: Deviations) {
        guard nats >= 0, nats.isFinite, nats >= AuditBound.margin * honest.maximum else { return nil }
        self.nats = nats
    }

    /// How many times the honest maximum a bound must be.
    public static let margin = 10.0

    /// How far apart two logits may be whose log-probabilities each keep the bound.
    public var tolerance: Float { Float(2 * nats) }
}
