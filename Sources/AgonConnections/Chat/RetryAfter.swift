import Foundation

/// The header by which a server asks for a pause.
enum RetryAfter {
    /// Seconds to wait: a number, or a date read against the server's own `Date`; nil where it says nothing readable.
    static func seconds(_ headers: [String: String]) -> Double? {
        guard let value = headers["retry-after"]?.trimmingCharacters(in: .whitespaces) else { return nil }
        if let seconds = Double(value) { return seconds.isFinite && seconds >= 0 ? seconds : nil }
        guard let end = date(value), let now = headers["date"].flatMap(date) else { return nil }
        return max(0, end.timeIntervalSince(now))
    }

    /// `Wed, 21 Oct 2015 07:28:00 GMT` (RFC 9110, section 5.6.7, the one form that is still written).
    private static func date(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: text)
    }
}
