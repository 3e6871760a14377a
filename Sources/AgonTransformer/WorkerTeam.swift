import CKernels

/// A few threads that share one computation, part by part.
///
/// What a part computes does not depend on how many parts there are: the team changes the time of a result, not its
/// bits.
// Safety: the handle is written in `init` only and freed with the object. The C side runs one round at a time, and
// computes the parts of a call that comes meanwhile on the caller's own thread.
final class WorkerTeam: @unchecked Sendable {
    private let handle: OpaquePointer?
    /// Threads that there are, the caller's included.
    let size: Int

    init(size: Int) {
        handle = size > 1 ? agon_team_create(Int32(size)) : nil
        self.size = handle.map { Int(agon_team_size($0)) } ?? 1
    }

    deinit { if let handle { agon_team_destroy(handle) } }

    /// Calls the closure once for each part 0 ..< `size`, on all threads at once.
    func run(_ body: (Int) -> Void) {
        guard let handle else { return body(0) }
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { pointer in
                let context = UnsafeMutableRawPointer(mutating: UnsafeRawPointer(pointer))
                agon_team_run(
                    handle,
                    { context, part in
                        context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(part))
                    }, context)
            }
        }
    }
}

extension Kernels {
    /// The same kernels with a team of their own that computes large loops together; bits do not change.
    public func withThreads(_ count: Int) -> Kernels {
        var kernels = self
        kernels.team = count > 1 ? WorkerTeam(size: count) : nil
        return kernels
    }

    /// How many threads share a loop.
    var threadCount: Int { team?.size ?? 1 }

    /// Cuts `0 ..< count` at multiples of `unit` and computes the parts together.
    ///
    /// - Parameter nanoseconds: about how long one thread would take; short loops are not worth a meeting.
    @inline(__always)
    func share(_ count: Int, unit: Int = 1, nanoseconds: Int, _ body: (Range<Int>) -> Void) {
        guard let team, nanoseconds > Self.worthSharing, count > unit else {
            if count > 0 { body(0..<count) }
            return
        }
        let units = (count + unit - 1) / unit
        team.run { part in
            let first = min(units * part / team.size * unit, count)
            let last = min(units * (part + 1) / team.size * unit, count)
            if first < last { body(first..<last) }
        }
    }

    /// Calls the closure for each index below `count` with the number of the thread that it runs on, each thread
    /// taking every so-manieth index.
    func deal(_ count: Int, nanoseconds: Int, _ body: (_ index: Int, _ thread: Int) -> Void) {
        guard let team, nanoseconds > Self.worthSharing, count > 1 else {
            for index in 0..<count { body(index, 0) }
            return
        }
        team.run { part in
            for index in stride(from: part, to: count, by: team.size) { body(index, part) }
        }
    }

    /// A meeting of the team costs about one microsecond.
    private static let worthSharing = 4000
}
