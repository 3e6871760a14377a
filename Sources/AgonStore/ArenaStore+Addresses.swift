internal import GRDB

/// Where a room stands in its run.
public struct RoomAddress: Sendable, Hashable {
    public var round: Int
    public var room: Int

    public init(round: Int, room: Int) {
        self.round = round
        self.room = room
    }
}

extension ArenaStore {
    /// The addresses of a run's rooms, in their order.
    public func roomAddresses(run: String) throws(StoreError) -> [RoomAddress] {
        try read("the rooms of run \(run)") { db in
            try db.rows("SELECT round, room FROM rooms WHERE run_id = ? ORDER BY round, room", [db.key(ofRun: run)])
                .map { RoomAddress(round: $0[0], room: $0[1]) }
        }
    }
}
