@preconcurrency import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM: the first asks to stop, the second ends at once.
///
/// Ending at once is safe: whatever was reported is on disk, and everything else is played again.
final class InterruptSignal: Sendable {
    private let count = Mutex(0)
    private let sources: [any DispatchSourceSignal]

    /// - Parameter announce: told at once, once, what will happen; called on a thread of its own.
    init(announce: @escaping @Sendable () -> Void) {
        // Not on a global queue: those may be full of rooms.
        let queue = DispatchQueue(label: "agon.signals")
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for source in sources {
            source.setEventHandler { [weak self] in
                guard let self else { return }
                let arrived = max(1, Int(source.data))
                let before = self.count.withLock { count in
                    defer { count += arrived }
                    return count
                }
                if before == 0 { announce() }
                if before + arrived > 1 {
                    Terminal.write("\nEnded at once.", to: .standardError)
                    _exit(130)
                }
            }
            source.resume()
        }
    }

    deinit {
        // Cancelled, a source lets go of the handler that holds it.
        for source in sources { source.cancel() }
        // After a stop was asked for the process is on its way out with 130: a late second Ctrl-C must not change that.
        guard !isRaised else { return }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }

    /// Whether somebody asked to stop.
    var isRaised: Bool { count.withLock { $0 > 0 } }
}
