public import AgonCore
public import AgonStore
import Foundation

/// Everything that made a version: its own update and those of its ancestors, down to each answer.
public struct Lineage: Sendable, Codable {
    /// The run's id.
    public var run: String
    public var policy: PolicyID
    /// One row for each side of each item.
    public var rows: [LineageRow]

    /// - Parameters:
    ///   - version: nil: the one that plays on.
    ///   - run: a run's id; nil: the newest that the agent takes part in.
    /// - Throws: `configuration` where there is no such version, or where it was made before there were proofs; `noRun`.
    public init(agent: String, version: Int?, database: String, run id: String? = nil) throws {
        let listing = try VersionListing(agent: agent, database: database, run: id)
        let made = try listing.version(version ?? listing.current)
        let store = try ArenaStore.readOnly(path: database)
        (run, policy) = (listing.run, PolicyID(agent: agent, version: made.version))
        rows = try store.lineage(of: policy, run: run)
        guard rows.isEmpty, made.version > 0 else { return }
        throw TournamentError(.configuration, "\(policy) of run \(run) has no links: it was made before there were proofs.")
    }

    /// The versions that were made on the way, each with what its update learned from.
    private var updates: [(made: String, round: Int, rows: [LineageRow])] {
        Dictionary(grouping: rows, by: \.round).sorted { $0.key < $1.key }.map { ($0.value[0].made, $0.key, $0.value) }
    }

    /// A table for people: a line for each update.
    public func text(width: Int) -> String {
        func counted(_ names: [String]) -> String {
            Dictionary(grouping: names, by: \.self).sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
                .map { "\($0.key) \(ReportNumber.count($0.value.count))" }.joined(separator: ", ")
        }
        func distinct(_ values: [some Hashable]) -> String { ReportNumber.count(Set(values).count) }
        guard !rows.isEmpty else {
            return DisplayText.visible("\(policy) is what the agent came with in run \(run): no update made it.")
        }
        let table = TextTable(
            columns: [
                .init(title: "version", isNumber: false, expendability: 0), .init(title: "round", isNumber: true, expendability: 0),
                .init(title: "items", isNumber: true, expendability: 0), .init(title: "rooms", isNumber: true, expendability: 0),
                .init(title: "prompts", isNumber: true, expendability: 0), .init(title: "judge", isNumber: false, expendability: 0),
                .init(title: "answers by", isNumber: false, expendability: 1),
            ],
            rows: updates.map { update in
                [
                    update.made, ReportNumber.count(update.round), distinct(update.rows.map(\.position)), distinct(update.rows.map(\.room)),
                    distinct(update.rows.map(\.promptID)), Set(update.rows.map(\.judge.description)).sorted().joined(separator: " "),
                    counted(update.rows.map(\.source)),
                ].map { DisplayText.visible($0) }
            }, flexibleColumn: 6)
        let count = updates.count
        return DisplayText.visible(
            (["\(policy) in run \(run): \(count == 1 ? "one update" : "\(ReportNumber.count(count)) updates") made it.", ""] + table.lines(width: width))
                .joined(separator: "\n"), keepsLines: true)
    }
}

/// The versions that depend on something.
public struct Dependents: Sendable, Codable {
    /// The run's id.
    public var run: String
    public var versions: [PolicyID]

    /// - Parameter run: a run's id; nil: the newest of the database.
    /// - Throws: `noRun`; `configuration` where the run was made before there were proofs, or has nothing of the source;
    ///   `StoreError`.
    public init(on source: LineageSource, database: String, run id: String? = nil) throws {
        guard FileManager.default.fileExists(atPath: database) else {
            throw TournamentError(.noRun, "there is no database \(database): `agon run ARENA` makes it.")
        }
        let store = try ArenaStore.readOnly(path: database)
        let runs = try store.runs().map(\.id)
        guard let run = id.map({ id in runs.contains(id) ? id : nil }) ?? runs.last else {
            throw TournamentError(.noRun, "\(database) has no run \(id ?? ""): it has \(runs.joined(separator: ", ")).")
        }
        guard try !store.statements(run: run).isEmpty else {
            throw TournamentError(.configuration, "run \(run) has no links: no round of it is closed, or it was made before there were proofs.")
        }
        // A slip of the pen must not read like a clean answer.
        guard try store.knows(source, run: run) else {
            throw TournamentError(.configuration, try Dependents.complaint(source, run, store))
        }
        (self.run, versions) = (run, try store.versions(dependingOn: source, run: run))
    }

    /// That nothing of a run is of a source, and what there is.
    private static func complaint(_ source: LineageSource, _ run: String, _ store: ArenaStore) throws -> String {
        switch source {
        case .room(let round, let room):
            return "run \(run) has no room \(round)/\(room): rooms are named ROUND/ROOM, rounds from 1 and rooms from 0."
        case .judge(let name, let version):
            let names = try store.judgeNames(run: run).joined(separator: ", ")
            return "no room of run \(run) was judged by \(name)\(version.map { "@v\($0)" } ?? ""): its judges are \(names)."
        case .prompt(let id):
            return "no room of run \(run) asks prompt \(id): `agon sql \"SELECT DISTINCT prompt_id FROM rooms\"` lists them."
        case .agent(let name):
            return "run \(run) has no agent \(name): it has \(try store.entrants(run: run).map(\.name).joined(separator: ", "))."
        }
    }

    /// A sentence for people.
    public var text: String {
        DisplayText.visible(
            versions.isEmpty
                ? "No version of run \(run) depends on it."
                : "\(versions.count == 1 ? "One version" : "\(ReportNumber.count(versions.count)) versions") of run \(run): \(versions.map(\.description).joined(separator: " ")).")
    }
}
