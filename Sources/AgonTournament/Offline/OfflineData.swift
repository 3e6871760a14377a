import AgonAgents
import AgonCore
import AgonTraining
import AgonTransformer

/// A preference file as one algorithm reads it.
///
/// - Pairs (`dpo`, `cpo`, `simpo`, `orpo`): one item each; pairs of one prompt are set aside together.
/// - `kto`: both sides of a pair, and answers with a label.
/// - `sft`: chosen sides, and answers that were called good.
struct OfflineData {
    private(set) var data: TrainingData
    /// Pairs whose two sides are the same tokens; they teach nothing and are left out.
    private(set) var identicalCount = 0
    /// Items whose prompt has other ids at its end than before an answer.
    private(set) var mergedCount = 0
    /// Tokens of the longest sequence, and the line that it is from.
    private(set) var longest = (count: 0, place: "")

    /// - Throws: `AgentError`, naming file and line; `configuration` where the algorithm cannot learn from such a file.
    init(_ path: String, _ tokenizer: PairTokenizer, _ algorithm: TrainingMethod.Algorithm) throws {
        var pairs: [TrainingPair] = []
        var labelled: [LabelledCompletion] = []
        var sequences: [TokenSequence] = []
        data = .pairs([])
        try PairFile.forEach(path) { number, entry in
            let place = "\(path):\(number)"
            switch entry {
            case .pair(let record):
                let sides = try tokenizer.sides(record, place: place)
                guard sides.chosen != sides.rejected else { return identicalCount += 1 }
                if sides.isMerged { mergedCount += 1 }
                note([sides.chosen, sides.rejected], place)
                switch algorithm {
                case .kto:
                    guard record.preference != 0.5 else { return }
                    let isStraight = record.preference > 0.5
                    labelled += [
                        LabelledCompletion(sides.chosen, isDesirable: isStraight),
                        LabelledCompletion(sides.rejected, isDesirable: !isStraight),
                    ]
                case .sft: sequences.append(sides.chosen)
                default:
                    let group = Prompt(id: record.prompt.json.json, text: "").cluster
                    pairs.append(TrainingPair(chosen: sides.chosen, rejected: sides.rejected, label: record.preference, group: group))
                }
            case .labelled(let record):
                guard algorithm == .kto || algorithm == .sft else {
                    throw AgentError(
                        .badValue,
                        "\(place): algorithm \(algorithm.rawValue) learns from pairs, but this is a single answer with a label: make pairs with `agon pairs import`, or choose algorithm kto or sft.")
                }
                let sequence = try tokenizer.sequence(record, place: place)
                note([sequence], place)
                if algorithm == .kto {
                    labelled.append(LabelledCompletion(sequence, isDesirable: record.isDesirable))
                } else if record.isDesirable {
                    sequences.append(sequence)
                }
            }
        }
        data = switch algorithm {
        case .kto: .labelled(labelled)
        case .sft: .sequences(sequences)
        default: .pairs(pairs)
        }
    }

    private mutating func note(_ sequences: [TokenSequence], _ place: String) {
        for sequence in sequences where sequence.tokens.count > longest.count { longest = (sequence.tokens.count, place) }
    }
}
