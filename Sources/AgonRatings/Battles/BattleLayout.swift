import Foundation

/// Which column or key of a log means what.
struct BattleLayout: Sendable, Hashable {
    /// Places of `fields` in a row.
    enum Role: Int, CaseIterable {
        case first, second, winner, room, weight, players, ranks
    }

    /// Names that people give to columns, in lower case with `_` for spaces and dashes.
    private static let synonyms: [(Role, Set<String>)] = [
        (.first, ["model_a", "player_a", "agent_a", "item_a", "engine_a", "a", "left", "first", "player1", "player_1", "model1",
            "model_1", "white", "agent1", "agent_1"]),
        (.second, ["model_b", "player_b", "agent_b", "item_b", "engine_b", "b", "right", "second", "player2", "player_2",
            "model2", "model_2", "black", "agent2", "agent_2"]),
        (.winner, ["winner", "result", "outcome", "verdict", "label", "score", "score_a", "preference"]),
        (.room, ["room", "room_id", "cluster", "prompt_id", "question_id", "session", "session_id"]),
        (.weight, ["weight"]),
        (.players, ["players", "agents", "models", "seats", "ranking_players"]),
        (.ranks, ["ranks", "ranking", "places", "positions"]),
    ]

    let covariates: [String]
    /// Per column its role, covariates after the others: two roles each, for `name` or `name_a`, and `name_b`; −1 for none.
    private(set) var roleOfColumn: [Int] = []
    /// The same for keys.
    private(set) var roleOfKey: [String: Int] = [:]
    var delimiter: UInt8 = 0x2C

    init(covariates: [String]) { self.covariates = covariates }

    static let roleCount = Role.allCases.count
    var fieldCount: Int { BattleLayout.roleCount + 2 * covariates.count }
    var hasRanks: Bool { roleOfColumn.contains(Role.players.rawValue) || roleOfKey.values.contains(Role.players.rawValue) }

    private static func normal(_ name: String) -> String {
        name.lowercased().trimmingCharacters(in: .whitespaces).replacingOccurrences(of: " ", with: "_")
            .replacingOccurrences(of: "-", with: "_")
    }

    private func role(_ name: String) -> Int {
        let name = BattleLayout.normal(name)
        for (index, covariate) in covariates.enumerated() {
            let wanted = BattleLayout.normal(covariate)
            if name == wanted || name == wanted + "_a" { return BattleLayout.roleCount + 2 * index }
            if name == wanted + "_b" { return BattleLayout.roleCount + 2 * index + 1 }
        }
        return BattleLayout.synonyms.first { $0.1.contains(name) }?.0.rawValue ?? -1
    }

    /// Finds the roles of names.
    ///
    /// - Throws: `invalidLog` where too little is known to read a battle, or a covariate is missing.
    mutating func assign(_ names: [String], clustersByRoom: Bool) throws(RatingError) {
        var seen: Set<Int> = []
        roleOfColumn = names.map { name in
            let role = role(name)
            if role == Role.room.rawValue, !clustersByRoom { return -1 }
            return role >= 0 && seen.insert(role).inserted ? role : -1
        }
        // A first player beside whole rankings (such as `white`) is not needed.
        let has = { (role: Role) in seen.contains(role.rawValue) }
        guard (has(.first) && has(.second) && has(.winner)) || (has(.players) && has(.ranks)) else {
            throw RatingError(
                .invalidLog,
                "Line 1: no battles in the columns \(names.prefix(12).joined(separator: ", ")): name them model_a, model_b, "
                    + "winner, or players, ranks.")
        }
        for (index, covariate) in covariates.enumerated()
        where !seen.contains(BattleLayout.roleCount + 2 * index) {
            throw RatingError(
                .invalidLog, "Line 1: no column \(covariate) or \(covariate)_a among \(names.prefix(12).joined(separator: ", ")).")
        }
        for (name, role) in zip(names, roleOfColumn) where role >= 0 { roleOfKey[name] = role }
    }

    /// The layout of a CSV file by its first line, and where its rows begin.
    static func csv(
        _ data: Data, from start: Int, _ options: BattleReader.Options
    ) throws(RatingError) -> (layout: BattleLayout, start: Int) {
        var layout = BattleLayout(covariates: options.covariates)
        let end = data[(data.startIndex + start)...].firstIndex(of: 0x0A).map { $0 - data.startIndex } ?? data.count
        let line = data[(data.startIndex + start)..<(data.startIndex + end)]
        guard line.count <= 1 << 16 else {
            throw RatingError(.invalidLog, "Line 1: longer than 65,536 bytes: this is no battle log.")
        }
        let counts = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")].map { mark in
            (mark, line.count { $0 == mark })
        }
        layout.delimiter = counts.max { $0.1 < $1.1 }?.0 ?? 0x2C
        let names = line.split(separator: layout.delimiter, omittingEmptySubsequences: false).map { field in
            String(decoding: field, as: UTF8.self).trimmingCharacters(in: CharacterSet(charactersIn: "\" \r"))
        }
        if names.allSatisfy(\.isEmpty) { return (layout, data.count) }
        if names.count == 3, layout.role(names[2]) != Role.winner.rawValue, options.covariates.isEmpty,
            names[2] == names[0] || names[2] == names[1] || BattleOutcome(word: names[2].lowercased()) != nil
        {
            layout.roleOfColumn = [Role.first, .second, .winner].map(\.rawValue)
            return (layout, start)
        }
        try layout.assign(names, clustersByRoom: options.clustersByRoom)
        return (layout, min(end + 1, data.count))
    }
}

extension BattleOutcome {
    private static let words: [String: BattleOutcome] = [
        "model_a": .win, "a": .win, "first": .win, "1-0": .win, "win": .win, "left": .win, "player_a": .win, "white": .win,
        "1": .win, "1.0": .win, "model_b": .loss, "b": .loss, "second": .loss, "0-1": .loss, "loss": .loss, "right": .loss,
        "player_b": .loss, "black": .loss, "0": .loss, "0.0": .loss, "tie": .tie, "draw": .tie, "1/2-1/2": .tie, "0.5": .tie,
        "1/2": .tie, "t": .tie, "equal": .tie, "tie (bothbad)": .tie, "tie(bothbad)": .tie, "bothbad": .tie, "both_bad": .tie,
        "tie_bothbad": .tie, ".5": .tie, "model_1": .win, "model_2": .loss,
    ]

    /// An outcome in words, lower case; nil where it is none.
    init?(word: String) {
        guard let known = BattleOutcome.words[word] else { return nil }
        self = known
    }
}
