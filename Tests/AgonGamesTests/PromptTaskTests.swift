import AgonCore
import AgonGames
import Testing

@Suite struct PromptTaskTests {
    @Test("every prompt has a gold answer that is right, fits, and is written in the task's alphabet")
    func laws() throws {
        for name in PromptTasks.names {
            let task = try #require(PromptTasks.named(name))
            #expect(task.name == name)
            #expect(Set(task.alphabet).count == task.alphabet.count)
            #expect(task.answerAlphabet.allSatisfy { task.alphabet.contains($0) })
            for index in 0..<500 {
                let seed = Seed(run: 31).child(.prompt, index)
                let prompt = task.prompt(seed: seed)
                #expect(prompt == task.prompt(seed: seed))
                let gold = try #require(prompt.reference)
                #expect(gold == task.goldAnswer(to: prompt.text))
                #expect(task.isRight(gold, to: prompt))
                #expect(!gold.isEmpty && gold.count < task.answerTokenLimit)
                #expect((prompt.text + gold).allSatisfy { task.alphabet.contains($0) })
                for wrong in ["", gold + " ", " " + gold, gold + "0", String(gold.dropLast()), "x", gold + "\n"] {
                    #expect(!task.isRight(wrong, to: prompt), "\(wrong)")
                }
            }
        }
        #expect(PromptTasks.named("levitation") == nil)
        #expect(Games.named("chess-boxing") == nil)
    }

    @Test("digits are sorted")
    func sorting() {
        let task = SortDigits()
        #expect(task.goldAnswer(to: "415203=") == "012345")
        #expect(task.goldAnswer(to: "990099=") == "009999")
        for text in ["41520=", "415203", "4152031=", "41520a=", "", "=", "415203==", "４15203="] {
            #expect(task.goldAnswer(to: text) == nil, "\(text)")
        }
    }

    @Test("prompts have every length of the range")
    func lengths() {
        let task = SortDigits(lengths: 3...5)
        let lengths = (0..<200).map { task.prompt(seed: Seed(run: 32).child(.prompt, $0)).text.count - 1 }
        #expect(Set(lengths) == [3, 4, 5])
        #expect(task.answerTokenLimit == 7)
    }

    @Test("numbers are added")
    func addition() {
        let task = Addition()
        #expect(task.goldAnswer(to: "47+38=") == "85")
        #expect(task.goldAnswer(to: "0+0=") == "0")
        #expect(task.goldAnswer(to: "99+99=") == "198")
        let foreign = [
            "047+38=", "47+38", "47+-3=", "100+1=", "4++7=", "47=", "+=", "1+2+3=", "99999999999999999999+1=",
        ]
        for text in foreign {
            #expect(task.goldAnswer(to: text) == nil, "\(text)")
        }
    }

    @Test("a prompt's gold comes from its text, whatever its reference claims")
    func referenceIsNotTrusted() {
        let forged = Prompt(id: "addition:1+1=", text: "1+1=", reference: "3")
        #expect(Addition().isRight("2", to: forged))
        #expect(!Addition().isRight("3", to: forged))
    }
}
