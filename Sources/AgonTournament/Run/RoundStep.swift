/// The moments of a round between which something is lost or kept when the process dies, in the order of the round.
///
/// Whatever a run had reached, the next start decides the same: the story tests end a run at each of them.
enum RoundStep: String, Sendable, CaseIterable {
    /// In asynchronous runs alone: the journal has the round, none of its rooms is played.
    case roundDispatched
    /// A wave's rooms are played, not yet judged.
    case roomsPlayed
    /// They are judged, not yet committed.
    case roomsJudged
    /// They are committed.
    case roomsCommitted
    /// The judge has learned from the canaries; only this process knows.
    case judgeRefreshed
    /// Candidates are trained.
    case learnersTrained
    /// The gate has decided over them.
    case gateDecided
    /// One checkpoint's files are written and synced; no row names them yet.
    case checkpointWritten
    /// Held-out prompts are measured.
    case progressMeasured
    /// The closing transaction is on disk; nobody was told.
    case roundClosed
}
