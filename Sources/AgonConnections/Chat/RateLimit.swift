/// Token buckets for requests and for tokens, both per minute.
///
/// A bucket holds a tenth of a minute's allowance, so that a burst at the start cannot exceed the allowance of the first
/// minute by more than that tenth. Whoever takes more than is there waits until the debt is paid, in the order of asking.
struct RateLimit: Sendable {
    private struct Bucket: Sendable {
        let perSecond: Double
        let capacity: Double
        var level: Double
        var time = 0.0

        init(perMinute: Double) {
            perSecond = perMinute / 60
            capacity = max(1, perMinute / 10)
            level = capacity
        }

        /// Takes `amount` and returns the wait in seconds.
        mutating func take(_ amount: Double, now: Double) -> Double {
            level = min(capacity, level + max(0, now - time) * perSecond)
            time = max(time, now)
            level -= amount
            return level < 0 ? -level / perSecond : 0
        }
    }

    private var requests: Bucket?
    private var tokens: Bucket?
    /// No request starts before this moment: a server asked for a pause.
    private var pauseEnd = 0.0

    init(requestsPerMinute: Double?, tokensPerMinute: Double?) {
        requests = requestsPerMinute.map(Bucket.init(perMinute:))
        tokens = tokensPerMinute.map(Bucket.init(perMinute:))
    }

    /// Reserves one request of about `tokenCount` tokens.
    /// - Returns: seconds to wait before it is sent.
    mutating func reserve(tokenCount: Int, now: Double) -> Double {
        let wait = max(
            requests?.take(1, now: now) ?? 0, tokens?.take(Double(tokenCount), now: now) ?? 0)
        return max(wait, pauseEnd - now)
    }

    /// Corrects a reservation by what the server counted.
    mutating func settle(reserved: Int, used: Int, now: Double) {
        _ = tokens?.take(Double(used - reserved), now: now)
    }

    /// Holds back every request that has not been reserved yet.
    mutating func pause(until end: Double) { pauseEnd = max(pauseEnd, end) }
}
