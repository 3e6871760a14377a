@preconcurrency import Dispatch
import Synchronization

/// Says which side of an asynchronous run waits for what, where nothing has moved for a while. For people only: no decision
/// reads its clock.
final class Watchdog: Sendable {
    /// The two sides of a run.
    enum Side {
        /// Rounds that are played ahead.
        case rollouts
        /// What judges them, learns from them and closes them.
        case updates
    }

    private struct State {
        var activities: [Side: String] = [:]
        var hasMoved = true
        /// How often it was looked since something moved.
        var silentLooks = 0
    }

    private let state = Mutex(State())
    private let seconds: Double
    private let timer: any DispatchSourceTimer

    /// - Parameters:
    ///   - seconds: how long nothing may move.
    ///   - onSilence: told one sentence, again each time that so many seconds have passed.
    init(every seconds: Double, onSilence: @escaping @Sendable (String) -> Void) {
        self.seconds = seconds
        // Not on a global queue: those may be full of rooms.
        timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "agon.watchdog"))
        timer.schedule(deadline: .now() + seconds, repeating: seconds)
        timer.setEventHandler { [weak self] in
            if let sentence = self?.look() { onSilence(sentence) }
        }
        timer.resume()
    }

    func end() { timer.cancel() }

    /// Something moved: what a side does from now on, as what follows “rollouts” or “updates” in a sentence.
    func note(_ side: Side, _ activity: String) {
        state.withLock { state in
            state.activities[side] = activity
            (state.hasMoved, state.silentLooks) = (true, 0)
        }
    }

    /// Takes in what a run tells.
    func take(_ event: TournamentEvent) {
        switch event {
        case .playedAhead(let round, let rooms, let total): note(.rollouts, "play round \(round), \(rooms) of \(total) rooms are done")
        case .wave(let round, let rooms, let total, _): note(.updates, "judge round \(round), \(rooms) of \(total) rooms are done")
        case .updating(let round): note(.updates, "train on round \(round) and measure")
        default: break
        }
    }

    /// The sentence to say; nil where something has moved since it was looked last.
    func look() -> String? {
        state.withLock { state in
            guard !state.hasMoved else {
                state.hasMoved = false
                return nil
            }
            state.silentLooks += 1
            let sides = [(Side.rollouts, "rollouts"), (.updates, "updates")].map { side, name in
                "\(name) \(state.activities[side] ?? "have not begun")"
            }
            return "Nothing has moved for \(Int((Double(state.silentLooks) * seconds).rounded())) s: \(sides.joined(separator: "; "))."
        }
    }
}
