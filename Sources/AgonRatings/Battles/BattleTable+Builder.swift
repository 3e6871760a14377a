extension BattleTable {
    /// Counts battles as they come.
    ///
    /// Counts of pairs of the first 4,096 players lie in a triangle that grows by a row with each newcomer, so counting
    /// is one addition; later players' pairs, and what overflows 16 bits, lie in a dictionary.
    public struct Builder: Sendable {
        struct LooseBattle: Sendable {
            var room: Int32
            var first: Int32
            var second: Int32
            var outcome: BattleOutcome
            var weight: Double
        }

        private let triangleLimit: Int32
        /// Players in the order of arrival.
        public private(set) var names: [String] = []
        private var indices: [String: Int32] = [:]
        /// Three counters per pair (high, low), at 3 · (high · (high − 1) / 2 + low): what `low` won, drew and lost.
        private var triangle: [UInt16] = []
        /// Pairs of later players, and what overflows the triangle.
        private var sparse: [UInt64: Int] = [:]
        private var loose: [LooseBattle] = []
        private var rooms: [UInt64: Int32] = [:]
        private var roomCount: Int32 = 0

        public init() { self.init(triangleLimit: 4096) }

        init(triangleLimit: Int32) { self.triangleLimit = triangleLimit }

        /// The number of a player, a new one where the name is new.
        public mutating func player(_ name: String) -> Int32 {
            if let known = indices[name] { return known }
            let index = Int32(names.count)
            indices[name] = index
            names.append(name)
            if index < triangleLimit { triangle.append(contentsOf: repeatElement(0, count: 3 * Int(index))) }
            return index
        }

        /// Counts battles of weight 1 that depend on no other.
        public mutating func add(first: Int32, second: Int32, outcome: BattleOutcome, count: Int = 1) {
            precondition(first != second, "a player cannot battle itself")
            let isStraight = first < second
            let (low, high) = isStraight ? (first, second) : (second, first)
            let cell = Int((isStraight ? outcome : outcome.turned).rawValue)
            let key = UInt64(high) << 34 | UInt64(low) << 2 | UInt64(cell)
            guard high < triangleLimit, count <= Int(UInt16.max) else {
                sparse[key, default: 0] += count
                return
            }
            let place = 3 * (Int(high) * (Int(high) - 1) / 2 + Int(low)) + cell
            let (sum, isFull) = triangle[place].addingReportingOverflow(UInt16(count))
            triangle[place] = sum
            if isFull { sparse[key, default: 0] += 1 << 16 }
        }

        /// Adds a battle of a room, or a weighted one.
        ///
        /// - Parameter room: the same number for battles that depend on one another.
        public mutating func add(
            first: Int32, second: Int32, outcome: BattleOutcome, weight: Double, room: UInt64
        ) {
            precondition(first != second && weight > 0 && weight.isFinite, "a battle has two players and a positive weight")
            let number = rooms[room] ?? roomCount
            if number == roomCount {
                rooms[room] = number
                roomCount += 1
            }
            loose.append(LooseBattle(room: number, first: first, second: second, outcome: outcome, weight: weight))
        }

        /// Adds a weighted battle that depends on no other.
        mutating func addAlone(first: Int32, second: Int32, outcome: BattleOutcome, weight: Double) {
            loose.append(
                LooseBattle(room: roomCount, first: first, second: second, outcome: outcome, weight: weight))
            roomCount += 1
        }

        /// Adds a whole room: every two of its seats are a battle, and all of them depend on one another.
        ///
        /// - Parameter ranks: of each seat, lower is better, equal is a tie.
        public mutating func addRoom(_ players: some Collection<Int32>, ranks: some Collection<Int32>) {
            let seats = Array(zip(players, ranks))
            if seats.count == 2 {
                add(first: seats[0].0, second: seats[1].0, outcome: BattleOutcome(seats[0].1, seats[1].1))
                return
            }
            for (index, one) in seats.enumerated() {
                for other in seats[(index + 1)...] where one.0 != other.0 {
                    loose.append(
                        LooseBattle(
                            room: roomCount, first: one.0, second: other.0, outcome: BattleOutcome(one.1, other.1),
                            weight: 1))
                }
            }
            roomCount += 1
        }

        /// Adds what another table holds.
        public mutating func add(_ table: BattleTable) {
            let numbers = table.names.map { player($0) }
            for pair in table.singles {
                let (first, second) = (numbers[Int(pair.first)], numbers[Int(pair.second)])
                for (count, outcome) in [(pair.wins, BattleOutcome.win), (pair.ties, .tie), (pair.losses, .loss)]
                where count > 0 { add(first: first, second: second, outcome: outcome, count: Int(count)) }
            }
            for room in 0..<table.roomCount {
                for battle in table.roomBattles[table.roomStarts[room]..<table.roomStarts[room + 1]] {
                    let pair = table.pairs[Int(battle.pair)]
                    loose.append(
                        LooseBattle(
                            room: roomCount, first: numbers[Int(pair.first)], second: numbers[Int(pair.second)],
                            outcome: battle.outcome, weight: battle.weight))
                }
                roomCount += 1
            }
        }

        /// Adds what another builder holds, whose battles came later. Rooms of one number are one room.
        public mutating func add(_ other: Builder) {
            let numbers = other.names.map { player($0) }
            other.forEachCount { first, second, outcome, count in
                add(first: numbers[Int(first)], second: numbers[Int(second)], outcome: outcome, count: count)
            }
            var roomNumbers = [Int32](repeating: -1, count: Int(other.roomCount))
            for (key, number) in other.rooms.sorted(by: { $0.value < $1.value }) {
                roomNumbers[Int(number)] = rooms[key] ?? roomCount
                if roomNumbers[Int(number)] == roomCount {
                    rooms[key] = roomCount
                    roomCount += 1
                }
            }
            for var battle in other.loose {
                if roomNumbers[Int(battle.room)] < 0 {
                    roomNumbers[Int(battle.room)] = roomCount
                    roomCount += 1
                }
                battle.room = roomNumbers[Int(battle.room)]
                (battle.first, battle.second) = (numbers[Int(battle.first)], numbers[Int(battle.second)])
                loose.append(battle)
            }
        }

        /// Every non-zero count, with `first` the lower number.
        func forEachCount(_ body: (Int32, Int32, BattleOutcome, Int) -> Void) {
            let outcomes = BattleOutcome.allCases
            var place = 0
            for high in 0..<min(names.count, Int(triangleLimit)) {
                for low in 0..<high {
                    for cell in 0..<3 where triangle[place + cell] > 0 {
                        body(Int32(low), Int32(high), outcomes[cell], Int(triangle[place + cell]))
                    }
                    place += 3
                }
            }
            for (key, count) in sparse.sorted(by: { $0.key < $1.key }) {
                body(Int32(key >> 2 & 0xFFFF_FFFF), Int32(key >> 34), outcomes[Int(key & 3)], count)
            }
        }

        /// The table of all that was added.
        public func table() -> BattleTable {
            let order = names.indices.sorted { names[$0] < names[$1] }
            var place = [Int32](repeating: 0, count: names.count)
            for (index, arrival) in order.enumerated() { place[arrival] = Int32(index) }
            var extra = loose.filter { loose in loose.first != loose.second }
            let sizes = extra.reduce(into: [Int](repeating: 0, count: Int(roomCount))) { $0[Int($1.room)] += 1 }
            var alone = extra.filter { sizes[Int($0.room)] == 1 && $0.weight == 1 }
            extra.removeAll { sizes[Int($0.room)] == 1 && $0.weight == 1 }
            for index in alone.indices { alone[index].sortSeats(place) }
            for index in extra.indices { extra[index].sortSeats(place) }
            var pairs = densePairs(order)
            var others: [BattleTable.Pair] = alone.map { battle in
                var pair = BattleTable.Pair(first: battle.first, second: battle.second, wins: 0, ties: 0, losses: 0)
                pair.add(1, battle.outcome)
                return pair
            }
            others += extra.map { BattleTable.Pair(first: $0.first, second: $0.second, wins: 0, ties: 0, losses: 0) }
            for (key, count) in sparse {
                var battle = LooseBattle(
                    room: 0, first: Int32(key >> 2 & 0xFFFF_FFFF), second: Int32(key >> 34),
                    outcome: BattleOutcome.allCases[Int(key & 3)], weight: 1)
                battle.sortSeats(place)
                var pair = BattleTable.Pair(first: battle.first, second: battle.second, wins: 0, ties: 0, losses: 0)
                pair.add(Double(count), battle.outcome)
                others.append(pair)
            }
            if !others.isEmpty { pairs = BattleTable.Pair.summed(pairs + others) }
            let rooms = BattleTable.RoomBattle.grouped(extra, pairs: pairs)
            return BattleTable(
                names: order.map { names[$0] }, singles: pairs, roomBattles: rooms.battles, roomStarts: rooms.starts)
        }

        /// The triangle's pairs in the order of sorted players.
        private func densePairs(_ order: [Int]) -> [BattleTable.Pair] {
            let dense = order.enumerated().filter { $0.element < triangleLimit }
            var count = 0
            for place in stride(from: 0, to: triangle.count, by: 3)
            where triangle[place] | triangle[place + 1] | triangle[place + 2] != 0 { count += 1 }
            var pairs: [BattleTable.Pair] = []
            pairs.reserveCapacity(count)
            for (position, one) in dense.enumerated() {
                for other in dense[(position + 1)...] {
                    let (high, low) = (max(one.element, other.element), min(one.element, other.element))
                    let cell = 3 * (high * (high - 1) / 2 + low)
                    let (wins, ties, losses) = (triangle[cell], triangle[cell + 1], triangle[cell + 2])
                    guard wins | ties | losses != 0 else { continue }
                    let isStraight = low == one.element
                    pairs.append(
                        BattleTable.Pair(
                            first: Int32(one.offset), second: Int32(other.offset),
                            wins: Double(isStraight ? wins : losses), ties: Double(ties),
                            losses: Double(isStraight ? losses : wins)))
                }
            }
            return pairs
        }
    }
}

extension BattleTable.Builder.LooseBattle {
    /// The battle by places among the sorted players, the lower first.
    mutating func sortSeats(_ place: [Int32]) {
        (first, second) = (place[Int(first)], place[Int(second)])
        guard first > second else { return }
        (first, second, outcome) = (second, first, outcome.turned)
    }
}

extension BattleTable.Pair {
    var key: UInt64 { UInt64(first) << 32 | UInt64(second) }

    /// Sorted, with each pair of players once.
    static func summed(_ pairs: [BattleTable.Pair]) -> [BattleTable.Pair] {
        var result: [BattleTable.Pair] = []
        for pair in pairs.sorted(by: { $0.key < $1.key }) {
            if let last = result.indices.last, result[last].key == pair.key {
                result[last].wins += pair.wins
                result[last].ties += pair.ties
                result[last].losses += pair.losses
            } else {
                result.append(pair)
            }
        }
        return result
    }
}

extension BattleTable.RoomBattle {
    /// Room after room in the order of first appearance, each battle by the index of its pair.
    static func grouped(
        _ battles: [BattleTable.Builder.LooseBattle], pairs: [BattleTable.Pair]
    ) -> (battles: [BattleTable.RoomBattle], starts: [Int]) {
        var result: [BattleTable.RoomBattle] = []
        var starts: [Int] = []
        let order = battles.indices.sorted { (battles[$0].room, $0) < (battles[$1].room, $1) }
        for (position, index) in order.enumerated() {
            let battle = battles[index]
            if position == 0 || battles[order[position - 1]].room != battle.room { starts.append(position) }
            let key = UInt64(battle.first) << 32 | UInt64(battle.second)
            var (low, high) = (0, pairs.count)
            while low < high {
                let middle = (low + high) / 2
                if pairs[middle].key < key { low = middle + 1 } else { high = middle }
            }
            result.append(BattleTable.RoomBattle(pair: Int32(low), outcome: battle.outcome, weight: battle.weight))
        }
        return (result, starts + [result.count])
    }
}

extension BattleOutcome {
    /// Of two ranks, lower is better.
    init(_ first: Int32, _ second: Int32) { self = first == second ? .tie : first < second ? .win : .loss }
}
