extension StrengthProblem {
    /// The middle of the sandwich `[size, size]`: Σ u·uᵀ over what is independent, u the summed derivatives of ln p.
    ///
    /// Battles that depend on no other are a term each, those of one room are one term together.
    ///
    /// - Source: White 1982, Econometrica 50, theorem 3.2; Liang and Zeger 1986, Biometrika 73, for clusters.
    func scoreProducts(_ table: BattleTable, _ values: [Double]) -> [Double] {
        let model = Model(tie: tie(values))
        let size = size
        var matrix = [Double](repeating: 0, count: size * size)
        for pair in table.singles {
            let (first, second) = (Int(pair.first), Int(pair.second))
            let d = values[first] - values[second]
            var sums = (0.0, 0.0, 0.0)
            for (count, outcome) in [(pair.wins, BattleOutcome.win), (pair.ties, .tie), (pair.losses, .loss)]
            where count > 0 {
                let score = model.score(d, outcome)
                sums.0 += count * score.x * score.x
                sums.1 += count * score.x * score.y
                sums.2 += count * score.y * score.y
            }
            matrix[first * size + first] += sums.0
            matrix[second * size + second] += sums.0
            matrix[first * size + second] -= sums.0
            matrix[second * size + first] -= sums.0
            guard Model.hasTieParameter else { continue }
            for (player, sum) in [(first, sums.1), (second, -sums.1)] {
                matrix[player * size + playerCount] += sum
                matrix[playerCount * size + player] += sum
            }
            matrix[size * size - 1] += sums.2
        }
        addRooms(table, values, model, into: &matrix)
        return matrix
    }

    private func addRooms(_ table: BattleTable, _ values: [Double], _ model: Model, into matrix: inout [Double]) {
        var score = [Double](repeating: 0, count: size)
        var toucher = [Int](repeating: -1, count: size)
        for room in 0..<table.roomCount {
            var touched: [Int] = []
            func add(_ index: Int, _ value: Double) {
                if toucher[index] != room {
                    toucher[index] = room
                    touched.append(index)
                }
                score[index] += value
            }
            for battle in table.roomBattles[table.roomStarts[room]..<table.roomStarts[room + 1]] {
                let pair = table.pairs[Int(battle.pair)]
                let (first, second) = (Int(pair.first), Int(pair.second))
                let part = battle.weight * model.score(values[first] - values[second], battle.outcome)
                add(first, part.x)
                add(second, -part.x)
                if Model.hasTieParameter { add(playerCount, part.y) }
            }
            for row in touched {
                for column in touched { matrix[row * size + column] += score[row] * score[column] }
            }
            for index in touched { score[index] = 0 }
        }
    }
}
