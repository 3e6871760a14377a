import AgonCore

/// Where a round's seconds go. For people only: no decision reads it.
struct RoundStopwatch {
    private(set) var timings: RoundTimings
    private let clock = ContinuousClock()

    /// - Parameter timings: what was spent on the round before.
    init(_ timings: RoundTimings = RoundTimings()) { self.timings = timings }

    /// Adds a step's duration to its part.
    mutating func measure<Value>(_ part: WritableKeyPath<RoundTimings, Double>, _ step: () throws -> Value) rethrows -> Value {
        let start = clock.now
        defer { add(part, since: start) }
        return try step()
    }

    /// Adds a step's duration to its part.
    mutating func measure<Value>(_ part: WritableKeyPath<RoundTimings, Double>, _ step: () async throws -> Value) async rethrows -> Value {
        let start = clock.now
        defer { add(part, since: start) }
        return try await step()
    }

    /// Counts a wave's rooms and generated tokens.
    mutating func count(_ rollouts: [[Rollout]]) {
        timings.roomCount += rollouts.count
        timings.tokenCount += rollouts.reduce(0) { total, room in total + room.reduce(0) { $0 + $1.logProbs.count } }
    }

    private mutating func add(_ part: WritableKeyPath<RoundTimings, Double>, since start: ContinuousClock.Instant) {
        let elapsed = (clock.now - start).components
        timings[keyPath: part] += Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    }
}
