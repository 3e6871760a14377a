import Synchronization

/// Whether an agent from outside is still asked: one that fails too often in a row, with no answer between, is lost for
/// the rest of the run.
final class AgentStanding: Sendable {
    private struct State {
        var failureCount = 0
        var loss: String?
    }

    /// How many failures in a row are one too many.
    static let failureLimit = 3

    private let state: Mutex<State>
    private let agent: String
    private let onLoss: @Sendable (String) -> Void

    /// - Parameters:
    ///   - loss: why it was lost in an earlier start of the run; nil where it was not.
    ///   - onLoss: told once, in a sentence.
    init(agent: String, loss: String?, onLoss: @escaping @Sendable (String) -> Void) {
        self.agent = agent
        self.onLoss = onLoss
        state = Mutex(State(loss: loss))
    }

    /// Why it is asked no more; nil while it is.
    var loss: String? { state.withLock { $0.loss } }

    func succeeded() { state.withLock { $0.failureCount = 0 } }

    func failed(_ reason: String) {
        let loss = state.withLock { state -> String? in
            state.failureCount += 1
            guard state.loss == nil, state.failureCount >= AgentStanding.failureLimit else { return nil }
            state.loss = "failed \(state.failureCount) times in a row, at last it \(reason)"
            return state.loss
        }
        if let loss { onLoss("Agent \(agent) is disqualified: it \(loss).") }
    }
}
