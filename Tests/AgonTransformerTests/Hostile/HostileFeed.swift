import AgonCore
import Foundation
import Testing

@testable import AgonTransformer

#if canImport(CAllocations)
    import CAllocations
#endif

/// Feeds a reader with broken files, and measures the memory that it takes for each.
///
/// A crash would end the process. `AGON_FUZZ_SECONDS=600` turns the short run, which belongs to every test run, into a
/// long one over all kinds together, with other files for every `AGON_FUZZ_SEED`; the file at hand is then kept as
/// `agon-fuzz-KIND` in the temporary folder.
struct HostileFeed {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seconds = environment["AGON_FUZZ_SECONDS"].flatMap(Double.init)
    static let seed = environment["AGON_FUZZ_SEED"].flatMap(Int.init) ?? 1
    /// Among how many kinds a long run's time is divided.
    private static let kindCount = 5.0

    /// Whether this build counts what a thread allocates.
    static var countsMemory: Bool {
        #if canImport(CAllocations)
            let counts = agon_allocations_begin() != 0
            _ = agon_allocations_end()
            return counts
        #else
            return false
        #endif
    }

    let kind: String
    /// How many files a short run reads.
    let count: Int
    /// The bytes that a reader may hold at once for a file of some size.
    let allowance: @Sendable (_ size: Int) -> Int

    /// What readers of JSON and tensors may hold: 64 bytes for each of the file's, and a little for a start.
    static let proportionate: @Sendable (Int) -> Int = { 64 * $0 + 1 << 18 }

    /// - Parameters:
    ///   - measure: calls its argument, and is what the allowance is for; the rest of `read` is not.
    /// - Returns: how many files were read and refused.
    @discardableResult func run(
        _ mutator: some Mutator, _ read: (_ bytes: [UInt8], _ name: String, _ measure: Measure) throws -> Void
    ) throws -> (read: Int, refused: Int) {
        Self.limitMemory()
        var mutator = mutator
        let record = NSTemporaryDirectory() + "agon-fuzz-" + kind
        let clock = ContinuousClock()
        let end = Self.seconds.map { clock.now + .seconds($0 / Self.kindCount) }
        var counts = (read: 0, refused: 0)
        var (slowest, most) = (Duration.zero, 0.0)
        while end.map({ clock.now < $0 }) ?? (counts.read + counts.refused < count) {
            let bytes = mutator.next()
            if end != nil { try Data(bytes).write(to: URL(fileURLWithPath: record)) }
            let measure = Measure()
            let start = clock.now
            do {
                try read(bytes, mutator.name, measure)
                counts.read += 1
            } catch let error as TransformerError {
                #expect(error.message.count > 20 && error.message.count < 2000 && !error.message.contains("\n"))
                counts.refused += 1
            }
            slowest = max(slowest, clock.now - start)
            most = max(most, Double(measure.held) / Double(allowance(bytes.count)))
            if measure.held > allowance(bytes.count) {
                let number = counts.read + counts.refused
                try Data(bytes).write(to: URL(fileURLWithPath: "\(record)-\(Self.seed)-\(number)"))
                Issue.record("\(kind) \(number) of seed \(Self.seed): \(measure.held) bytes for a file of \(bytes.count)")
            }
        }
        if end != nil {
            print("\(kind): \(counts.read) read, \(counts.refused) refused, slowest \(slowest), \(Int(100 * most)) % of memory")
        }
        return counts
    }

    /// What one file's reader held at most.
    final class Measure {
        fileprivate(set) var held = 0

        func callAsFunction<Result>(_ body: () throws -> Result) rethrows -> Result {
            #if canImport(CAllocations)
                _ = agon_allocations_begin()
                defer { held = max(held, agon_allocations_end()) }
            #endif
            return try body()
        }
    }

    /// In a long run no allocation may go far beyond what the process holds already, counted or not.
    private static func limitMemory() {
        guard seconds != nil, let status = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = status.split(separator: " ").first.flatMap({ Int($0) })
        else { return }
        var limit = rlimit(rlim_cur: rlim_t(pages * 4096 + 1 << 30), rlim_max: .max)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    }
}
