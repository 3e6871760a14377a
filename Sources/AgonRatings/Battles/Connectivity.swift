/// Who can be compared with whom, before anybody is rated.
///
/// A rating difference is finite and known only between players that points flow between in both directions: each must
/// have scored against somebody who scored against somebody … who scored against the other. Players that do are one
/// *strong component*. Players that no chain of battles joins at all lie on different *islands*, and no number compares
/// them.
///
/// - Source: Ford 1957, American Mathematical Monthly 64(8), pp. 28–33; Tarjan 1972, SIAM J. Computing 1(2) for the search.
public struct Connectivity: Sendable, Hashable {
    /// Per player its island; 0 the largest, then by falling size and rising first player.
    public let island: [Int]
    /// Per player its strong component, numbered like islands.
    public let strongComponent: [Int]
    public let islandCount: Int
    public let strongComponentCount: Int
    /// Per player, whether it never scored.
    public let isWinless: [Bool]
    /// Per player, whether it never dropped a point.
    public let isPerfect: [Bool]

    /// Per player, whether points flow only one way between it and the largest strong component of its island.
    public let isSeparated: [Bool]

    /// Whether every strength is finite without a prior: as many strong components as islands.
    public var hasEstimate: Bool { strongComponentCount == islandCount }

    public init(_ table: BattleTable) { self.init(playerCount: table.names.count, pairs: table.pairs) }

    init(playerCount count: Int, pairs: [BattleTable.Pair]) {
        var neighbours = Neighbours(count: count)
        var scored = [Bool](repeating: false, count: count)
        var dropped = scored
        var parent = Array(0..<count)
        func root(_ player: Int) -> Int {
            var player = player
            while parent[player] != player {
                parent[player] = parent[parent[player]]
                player = parent[player]
            }
            return player
        }
        for pass in 0..<2 {
            for pair in pairs {
                let (first, second) = (Int(pair.first), Int(pair.second))
                if pair.wins > 0 || pair.ties > 0 { neighbours.add(first, second, pass: pass) }
                if pair.losses > 0 || pair.ties > 0 { neighbours.add(second, first, pass: pass) }
                guard pass == 0 else { continue }
                let (one, other) = (root(first), root(second))
                if one != other { parent[max(one, other)] = min(one, other) }
                if pair.points > 0 { (scored[first], dropped[second]) = (true, true) }
                if pair.points < pair.weight { (scored[second], dropped[first]) = (true, true) }
            }
            if pass == 0 { neighbours.closeCounting() }
        }
        let island = Connectivity.numbered((0..<count).map { root($0) })
        let strong = Connectivity.numbered(neighbours.strongComponents())
        self.island = island.number
        islandCount = island.sizes.count
        strongComponent = strong.number
        strongComponentCount = strong.sizes.count
        isWinless = scored.map { !$0 }
        isPerfect = dropped.map { !$0 }
        var main = [Int](repeating: -1, count: island.sizes.count)
        for player in 0..<count {
            let here = island.number[player]
            main[here] = main[here] < 0 ? strong.number[player] : min(main[here], strong.number[player])
        }
        isSeparated = (0..<count).map { strong.number[$0] != main[island.number[$0]] }
    }

    /// Components by falling size, those of one size by their first member.
    private static func numbered(_ labels: [Int]) -> (number: [Int], sizes: [Int]) {
        var size: [Int: Int] = [:]
        var first: [Int: Int] = [:]
        for (player, label) in labels.enumerated() {
            size[label, default: 0] += 1
            if first[label] == nil { first[label] = player }
        }
        let order = first.sorted { left, right in
            let (a, b) = (size[left.key] ?? 0, size[right.key] ?? 0)
            return a == b ? left.value < right.value : a > b
        }
        let rank = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1.key, $0) })
        return (labels.map { rank[$0] ?? 0 }, order.map { size[$0.key] ?? 0 })
    }
}

/// Directed edges in one array, row after row.
private struct Neighbours {
    private var starts: [Int]
    private var targets: [Int32] = []
    private var filled: [Int] = []

    init(count: Int) { starts = [Int](repeating: 0, count: count + 1) }

    /// Counts an edge in pass 0 and stores it in pass 1.
    mutating func add(_ from: Int, _ to: Int, pass: Int) {
        if pass == 0 {
            starts[from + 1] += 1
        } else {
            targets[filled[from]] = Int32(to)
            filled[from] += 1
        }
    }

    mutating func closeCounting() {
        for row in 1..<max(starts.count, 1) { starts[row] += starts[row - 1] }
        targets = [Int32](repeating: 0, count: starts[starts.count - 1])
        filled = starts
    }

    /// Tarjan's search without recursion; per node the label of its component.
    func strongComponents() -> [Int] {
        let count = starts.count - 1
        var label = [Int](repeating: -1, count: count)
        var low = [Int](repeating: 0, count: count)
        var order = [Int](repeating: -1, count: count)
        var next = starts
        var open: [Int] = []
        var path: [Int] = []
        var time = 0
        for start in 0..<count where order[start] < 0 {
            path.append(start)
            while let node = path.last {
                if order[node] < 0 {
                    (order[node], low[node]) = (time, time)
                    time += 1
                    open.append(node)
                }
                if next[node] < starts[node + 1] {
                    let target = Int(targets[next[node]])
                    next[node] += 1
                    if order[target] < 0 {
                        path.append(target)
                    } else if label[target] < 0 {
                        low[node] = min(low[node], order[target])
                    }
                    continue
                }
                path.removeLast()
                if let above = path.last { low[above] = min(low[above], low[node]) }
                if low[node] == order[node] {
                    while let member = open.popLast() {
                        label[member] = node
                        if member == node { break }
                    }
                }
            }
        }
        return label
    }
}
