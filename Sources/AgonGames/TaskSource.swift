public import AgonCore

/// A task's prompts, drawn until enough of them lie on the side of the split that was asked for.
///
/// A task has no list of its prompts. Where a thousand draws in a row bring nothing new, the side counts as
/// exhausted, and what was found comes again, reshuffled; a task with no prompt on a side gives none.
public struct TaskSource: PromptSource {
    private let task: any PromptTask
    private let oneIn: Int

    private static let fruitlessDrawLimit = 1000

    /// - Parameter oneIn: one prompt in so many is held out, and one in so many of the rest is the gate's.
    public init(task: any PromptTask, oneIn: Int = 5) {
        precondition(oneIn > 0, "the held-out share needs a positive number, oneIn is \(oneIn)")
        self.task = task
        self.oneIn = oneIn
    }

    public func prompts(_ side: PromptSide, count: Int, seed: Seed) -> [Prompt] {
        precondition(count >= 0, "a number of prompts is not negative, count is \(count)")
        var found: [Prompt] = []
        var seen: Set<String> = []
        var drawIndex = 0
        var fruitlessDraws = 0
        while found.count < count, fruitlessDraws < Self.fruitlessDrawLimit {
            let prompt = task.prompt(seed: seed.child(.prompt, drawIndex))
            drawIndex += 1
            fruitlessDraws += 1
            guard PromptSide(of: prompt.text, oneIn: oneIn) == side,
                seen.insert(prompt.text).inserted
            else { continue }
            found.append(prompt)
            fruitlessDraws = 0
        }
        return found + PromptPool(prompts: found).drawn(count: count - found.count, seed: seed)
    }
}
