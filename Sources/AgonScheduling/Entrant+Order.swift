import AgonCore

extension [Entrant] {
    /// The entrants by name, so that the order of a list in a file decides nothing.
    /// - Precondition: names are distinct; two entrants of one name would meet themselves.
    func sortedByName() -> [Entrant] {
        precondition(Set(map(\.name)).count == count, "entrants need distinct names, they are \(map(\.name))")
        return sorted { $0.name < $1.name }
    }
}
