import AgonCore
import AgonGames
import Foundation

/// A room as it was played, before anybody judged it.
struct PlayedRoom {
    var room: Room
    var rollouts: [Rollout]
    /// For critics: the seats behind each seat's labels.
    var peers: [[Int]] = []
}

/// Plays tables in stages: all tables go through a stage together, so that policies see large batches.
///
/// A table's rooms lie side by side in the round, `stride` places for each. Requests of all its stages carry the table's
/// own name, so that a program from outside knows them for one room.
struct StagePlayer {
    let plan: StagePlan
    let player: RoomPlayer
    /// Places for each table's rooms.
    let stride: Int
    /// The round's.
    let seed: Seed

    /// The rooms of each table, in the order of their stages.
    func play(_ tables: [Room]) async throws -> [[PlayedRoom]] {
        switch plan {
        case .discussion(let stages): try await discuss(tables, stages)
        case .proposals(let instruction): try await propose(tables, instruction)
        }
    }

    private func discuss(_ tables: [Room], _ stages: StageProtocol) async throws -> [[PlayedRoom]] {
        var played = [[PlayedRoom]](repeating: [], count: tables.count)
        for (index, stage) in stages.stages.enumerated() {
            let isLast = index == stages.stages.count - 1
            let rooms = tables.map { table in
                var room = self.room(table, index, RoomStage(index: index, kind: stage.kind, isRated: isLast))
                room.isCanary = table.isCanary && isLast
                return room
            }
            let asked = zip(tables, played).map { table, earlier in
                let outputs = earlier.map { $0.rollouts.map { $0.forfeit == nil ? $0.text : nil } }
                return table.seats.indices.map { seat in
                    stages.question(
                        stage: index, seat: seat, prompt: table.prompt.text, outputs: outputs,
                        seed: seed.child(.room, table.index))
                }
            }
            let questions = zip(zip(tables, rooms), zip(asked, played)).map { rooms, shown in
                let (asked, earlier) = shown
                return asked.enumerated().map { seat, question in
                    let view = StageView(
                        kind: stage.kind, prompt: rooms.0.prompt.text,
                        peers: question.peers.map { earlier.last?.rollouts[$0].text ?? "" })
                    return self.question(rooms.1, of: rooms.0, seat, question.text, view)
                }
            }
            let rollouts = try await player.answers(questions, to: rooms, withGold: stage.kind != .critique)
            for place in tables.indices {
                played[place].append(
                    PlayedRoom(room: rooms[place], rollouts: rollouts[place], peers: asked[place].map(\.peers)))
            }
        }
        return played
    }

    private func propose(_ tables: [Room], _ instruction: String) async throws -> [[PlayedRoom]] {
        guard let task = player.arena.task else { preconditionFailure("proposals are checked by a task") }
        let rooms = tables.map { table in
            var room = self.room(table, 0, RoomStage(index: 0, kind: .propose, isRated: false))
            room.isCanary = false
            return room
        }
        let proposalQuestions = zip(tables, rooms).map { table, room in
            let text = StagePlan.proposalQuestion(table.prompt, instruction: instruction)
            let view = StageView(kind: .propose, prompt: table.prompt.text)
            return room.seats.indices.map { question(room, of: table, $0, text, view) }
        }
        var proposals = try await player.answers(proposalQuestions, to: rooms, withGold: false)
        var solving: [(table: Int, room: Room)] = []
        for (place, table) in tables.enumerated() {
            for seat in table.seats.indices where proposals[place][seat].forfeit == nil {
                do throws(Proposal.Fault) {
                    var room = room(table, 1 + seat, RoomStage(index: 1, kind: .solve, isRated: true))
                    room.prompt = try Proposal(proposals[place][seat].text.trimmingCharacters(in: .whitespacesAndNewlines), task: task).prompt
                    room.seats.remove(at: seat)
                    solving.append((place, room))
                } catch {
                    (proposals[place][seat].forfeit, proposals[place][seat].reason) = (.illegal, error.rawValue)
                }
            }
        }
        let solverQuestions = solving.map { table, room in
            let view = StageView(kind: .solve, prompt: room.prompt.text)
            return room.seats.indices.map { question(room, of: tables[table], $0, room.prompt.text, view) }
        }
        let solutions = try await player.answers(solverQuestions, to: solving.map(\.room), withGold: true)
        var played = zip(rooms, proposals).map { [PlayedRoom(room: $0, rollouts: $1)] }
        for (asked, rollouts) in zip(solving, solutions) {
            played[asked.table].append(PlayedRoom(room: asked.room, rollouts: rollouts))
        }
        return played
    }

    private func room(_ table: Room, _ place: Int, _ stage: RoomStage) -> Room {
        var room = table
        (room.index, room.stage) = (table.index * stride + place, stage)
        return room
    }

    private func question(_ room: Room, of table: Room, _ seat: Int, _ text: String, _ view: StageView) -> RoomPlayer.Question {
        RoomPlayer.Question(
            policy: room.seats[seat],
            request: PolicyRequest(
                prompt: text, conversation: table.prompt.conversation?.extended(to: text),
                maxNewTokens: player.arena.configuration.maxNewTokens,
                seed: seed.child(.room, room.index).child(.seat, seat), room: RoomPlayer.id(of: table, seed: seed),
                seat: seat, stage: view))
    }
}
