/// Time, as far as waits between requests go. Tests put their own in its place and need not wait.
public protocol ConnectionClock: Sendable {
    /// Seconds since some moment; never goes back.
    func now() -> Double
    /// Comes back after so many seconds.
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    func sleep(seconds: Double) async throws
}

/// The machine's clock.
public struct SystemClock: ConnectionClock {
    private let start = ContinuousClock.now

    public init() {}

    public func now() -> Double { (ContinuousClock.now - start) / .seconds(1) }

    public func sleep(seconds: Double) async throws { try await Task.sleep(for: .seconds(seconds)) }
}
