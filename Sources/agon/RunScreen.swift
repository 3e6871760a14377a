import AgonCore
import AgonTournament
import Foundation
import Synchronization

/// Shows a run while it goes on: on a terminal a block that is painted over, in a pipe a line per round.
final class RunScreen: Sendable {
    private struct State {
        var progress: RunProgress
        /// Lines of the block on the screen; the cursor stands at the end of the last.
        var lineCount = 0
        var lastPaint: ContinuousClock.Instant?
    }

    private let state: Mutex<State>
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let isInteractive = Terminal.isInteractive

    init(_ arena: Arena) {
        state = Mutex(State(progress: RunProgress(entrants: arena.entrants, kinds: arena.kinds)))
        start = clock.now
    }

    func show(_ event: TournamentEvent) {
        state.withLock { state in
            let line = state.progress.take(event, at: seconds)
            guard isInteractive else {
                if let line { Terminal.write(line) }
                return
            }
            switch event {
            case .started:
                if let line { Terminal.write(line) }
            case .wave, .playedAhead:
                // Ten paintings a second are as many as anybody can read.
                if let last = state.lastPaint, clock.now - last < .milliseconds(100) { return }
            case .updating, .closed, .judgeLost, .agentLost, .ended, .silent: break
            }
            paint(&state)
        }
    }

    /// A sentence for the errors, above the block.
    func announce(_ sentence: String) {
        state.withLock { state in
            let hadBlock = state.lineCount > 0
            erase(&state)
            Terminal.write(sentence, to: .standardError)
            if hadBlock { paint(&state) }
        }
    }

    /// Takes the block away, to make room for the report.
    func clear() { state.withLock { erase(&$0) } }

    private var seconds: Double {
        let elapsed = (clock.now - start).components
        return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    }

    private func paint(_ state: inout State) {
        let size = Terminal.size
        // A line as wide as the terminal would wrap on some.
        let lines = state.progress.block(width: size.columns - 1, height: size.lines - 1, at: seconds)
        Terminal.raw(RunScreen.erasure(state.lineCount) + lines.joined(separator: "\n"))
        state.lineCount = lines.count
        state.lastPaint = clock.now
    }

    private func erase(_ state: inout State) {
        guard state.lineCount > 0 else { return }
        Terminal.raw(RunScreen.erasure(state.lineCount))
        state.lineCount = 0
    }

    /// Back to the block's first column and line, and everything below away.
    private static func erasure(_ lineCount: Int) -> String {
        guard lineCount > 0 else { return "" }
        return "\r" + (lineCount > 1 ? "\u{1B}[\(lineCount - 1)A" : "") + "\u{1B}[J"
    }
}
