import AgonCore
import AgonStore

/// Runs with `sync_mode: async`: one half of the threads plays rounds ahead while the other closes them in their order.
///
/// Which versions play a round follows from its number alone, so equal seeds give equal runs, on any machine and however
/// often they were killed. Whoever is faster waits: no round is sent out before the one has closed whose versions play it.
extension Tournament {
    /// - Parameter states: after the last closed rounds, as many as rounds under way may have been sent out after.
    func playAhead(_ arena: Arena, _ bench: JudgeBench, _ states: [Int: RunState], _ pulse: Pulse) async throws -> RunState {
        let watchdog = Watchdog(every: options.silenceSeconds) { pulse.onEvent(.silent($0)) }
        defer { watchdog.end() }
        var watched = pulse
        watched.onEvent = { event in
            watchdog.take(event)
            pulse.onEvent(event)
        }
        let halves = options.halves
        let play: @Sendable (DispatchedRound, () -> Bool) async throws -> PlayedRound = { [watched] dispatched, isOver in
            watchdog.note(.rollouts, "play round \(dispatched.number)")
            let played = try await round(dispatched.number, arena, bench, halves.ahead, watched).rollouts(of: dispatched, isOver: isOver)
            watchdog.note(.rollouts, "wait for a round to be closed")
            return played
        }
        // A single thread cannot play and close at the same time: it plays each round when its turn has come.
        guard options.threads > 1 else {
            var waiting: [DispatchedRound] = []
            return try await close(arena, bench, states, watched, watchdog, send: { waiting.append($0) }) {
                try await play(waiting.removeFirst()) { false }
            }
        }
        let (orders, sender) = AsyncStream.makeStream(of: DispatchedRound.self)
        let (deliveries, deliverer) = AsyncThrowingStream.makeStream(of: PlayedRound.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    for await order in orders { deliverer.yield(try await play(order) { Task.isCancelled }) }
                    deliverer.finish()
                } catch {
                    deliverer.finish(throwing: error)
                }
            }
            defer {
                sender.finish()
                group.cancelAll()
            }
            var iterator = deliveries.makeAsyncIterator()
            return try await close(arena, bench, states, watched, watchdog, send: { sender.yield($0) }) {
                guard let played = try await iterator.next() else { throw CancellationError() }
                return played
            }
        }
    }

    /// Closes the rounds in their order, and sends out those that may be played.
    ///
    /// - Parameters:
    ///   - send: takes a round that is in the journal.
    ///   - receive: gives the next round in order when it is played.
    private func close(
        _ arena: Arena, _ bench: JudgeBench, _ states: [Int: RunState], _ pulse: Pulse, _ watchdog: Watchdog,
        send: (DispatchedRound) -> Void, receive: () async throws -> PlayedRound
    ) async throws -> RunState {
        guard let settings = arena.configuration.ahead, var state = states.values.max(by: { $0.round < $1.round }) else {
            preconditionFailure("an asynchronous run has settings and a state")
        }
        var states = states
        // What was sent out once stays as it was sent out.
        let journal = try Dictionary(
            uniqueKeysWithValues: (self.journal ?? store.dispatches(run: run.id)).map { ($0.round, $0.afterRound) })
        let source = { (round: Int) in journal[round] ?? settings.dispatchRound(of: round) }
        let closing = options.halves.closing
        var next = state.round + 1
        while try goesOn(arena, state, pulse) {
            while next <= arena.configuration.roundCount, let earlier = states[source(next)] {
                send(try round(next, arena, bench, closing, pulse).dispatch(after: earlier, settings))
                next += 1
            }
            watchdog.note(.updates, "wait for the rollouts of round \(state.round + 1)")
            let played = try await receive()
            watchdog.note(.updates, "judge round \(state.round + 1)")
            state = try await round(state.round + 1, arena, bench, closing, pulse).play(from: state, ahead: played)
            states[state.round] = state
            states = states.filter { $0.key >= source(next) }
        }
        return state
    }
}
