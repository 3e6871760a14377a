public import AgonCore

/// A room that is played in stages: all answer, all criticise, all answer again.
///
/// At each stage after the first a seat sees the room's prompt and exactly what its peers said at the stage before: no
/// output of its own, of an earlier stage or of another room. Peers are called A, B, C …, in an order that the seed
/// shuffles for each seat and stage, so neither seat nor name can be read off a place.
public struct StageProtocol: Sendable, Hashable {
    /// One stage of a room.
    public struct Stage: Sendable, Hashable {
        public var kind: StageKind
        /// What a seat is told to do, after what it is shown; empty: nothing.
        public var instruction: String

        public init(_ kind: StageKind, instruction: String = "") {
            self.kind = kind
            self.instruction = instruction
        }
    }

    /// What one seat is asked at one stage.
    public struct Question: Sendable, Hashable {
        public var text: String
        /// The seats behind the labels A, B, C …; empty at the first stage.
        public var peers: [Int]
    }

    public let stages: [Stage]

    /// The most seats of a room in stages: each but the own one needs a label.
    public static let seatLimit = 16
    private static let labels = Array("ABCDEFGHIJKLMNO")

    /// - Precondition: there is a stage.
    public init(stages: [Stage]) {
        precondition(!stages.isEmpty, "a room in stages needs at least one stage")
        self.stages = stages
    }

    /// What a seat is asked.
    ///
    /// Each line of a peer's output is written after its label and a bar, so that no output can pass itself off as
    /// another's or as the arena's own words, whatever it holds.
    ///
    /// - Parameters:
    ///   - stage: from 0.
    ///   - outputs: by stage and seat, nil where a seat forfeited; all stages before this one, later ones are not read.
    ///   - seed: the room's.
    public func question(
        stage: Int, seat: Int, prompt: String, outputs: [[String?]], seed: Seed
    ) -> Question {
        precondition(stages.indices.contains(stage), "there are \(stages.count) stages, \(stage) is none")
        precondition(outputs.count >= stage, "stage \(stage) needs the outputs of all before it, there are \(outputs.count)")
        let instruction = stages[stage].instruction
        guard stage > 0 else { return Question(text: joined([prompt, instruction]), peers: []) }
        let said = outputs[stage - 1]
        precondition(said.count <= Self.seatLimit, "a room has at most \(Self.seatLimit) seats, not \(said.count)")
        var generator = SeededGenerator(seed.child(.seat, seat).child(.shuffle, stage))
        let peers = generator.shuffled(said.indices.filter { $0 != seat && said[$0] != nil })
        let quotes = zip(Self.labels, peers).map { Self.quoted(said[$1] ?? "", label: $0) }
        return Question(text: joined([prompt] + quotes + [instruction]), peers: peers)
    }

    /// The seat that a reply names as the best: the last `[[LABEL]]` in it that stands for a peer; nil where none does.
    public static func choice(in reply: String, peers: [Int]) -> Int? {
        let characters = Array(reply)
        var chosen: Int?
        for start in characters.indices.dropLast(4) {
            let part = characters[start..<start + 5]
            guard part.starts(with: ["[", "["]), part.suffix(2).elementsEqual(["]", "]"]),
                let label = labels.firstIndex(of: characters[start + 2]), label < peers.count
            else { continue }
            chosen = peers[label]
        }
        return chosen
    }

    /// The characters that stand before quotes.
    static let marks = String(labels) + "| \n"

    /// How a reply names a peer by its place.
    public static func naming(_ place: Int) -> String { "[[\(labels[place])]]" }

    private func joined(_ parts: [String]) -> String { parts.filter { !$0.isEmpty }.joined(separator: "\n") }

    private static func quoted(_ text: String, label: Character) -> String {
        text.split(omittingEmptySubsequences: false) { $0.isNewline }.map { "\(label)| \($0)" }.joined(separator: "\n")
    }
}

/// What a seat earns by a stage.
public enum StageReward {
    /// A critic that names a right answer earns 1, one that names a wrong one or nobody 0; nil where no peer was right or
    /// all were, since then nothing could be shown.
    ///
    /// Naming whoever stands first earns no more than the share of right answers: the order is shuffled.
    public static func critique(_ reply: String, peers: [Int], isRight: (Int) -> Bool) -> Double? {
        let rightCount = peers.count(where: isRight)
        guard rightCount > 0, rightCount < peers.count else { return nil }
        return StageProtocol.choice(in: reply, peers: peers).map { isRight($0) ? 1 : 0 } ?? 0
    }

    /// What a proposer earns by the share p of solvers that were right: 4·p·(1 − p), most at one half, nothing where all
    /// or none were; nil without a solver.
    public static func proposer(rightCount: Int, solverCount: Int) -> Double? {
        precondition((0...max(0, solverCount)).contains(rightCount), "\(rightCount) of \(solverCount) solvers cannot be right")
        guard solverCount > 0 else { return nil }
        let share = Double(rightCount) / Double(solverCount)
        return 4 * share * (1 - share)
    }
}

/// A question that an agent made up, with the answer that it claims.
///
/// An output is the question as the task writes it, and then the answer: `47+38=85`. One that is no question of the task,
/// or whose own answer is wrong, is void: nobody is asked, and nobody earns. So is one that is held out for the gate or for
/// measuring, because rooms train.
public struct Proposal: Sendable, Hashable {
    /// What solvers are asked; the claimed answer is not in it.
    public let prompt: Prompt

    /// - Throws: why the proposal is void.
    public init(_ output: String, task: any PromptTask) throws(Fault) {
        // The question ends where the task's questions end: each cut is tried, the longest answer first.
        for cut in output.indices.dropFirst() {
            let (question, answer) = (String(output[..<cut]), String(output[cut...]))
            guard let gold = task.goldAnswer(to: question) else { continue }
            guard gold == answer else { throw .wrongAnswer }
            guard PromptSide(of: question) == .training else { throw .heldOut }
            prompt = task.prompt(text: question)
            return
        }
        throw .noQuestion
    }

    /// Why a proposal is void.
    public enum Fault: String, Error, Sendable {
        case noQuestion = "made up no question of the task"
        case wrongAnswer = "gave a wrong answer to its own question"
        case heldOut = "made up a question that is held out for measuring"
    }
}
