public import AgonAgents
import AgonCore
import AgonGames
import AgonJudging

/// The keys of an arena file: what the reader accepts, and what `arenas/README.md` says.
public enum ArenaKeys {
    /// The whole file.
    public static let section = Section(
        "",
        [
            Key("name", .text(default: nil), "The arena's name, which is also the name of its report folder: letters, digits, `-` and `_`; not `versions`, `training`, `errors` or `queries`, folders that lie beside it."),
            Key("description", .text(default: ""), "One line for people."),
            Key("game", .text(default: ""), "A built-in game (`tic-tac-toe`, `kuhn-poker` …). Give exactly one of `game`, `task` and `prompts`."),
            Key("task", .text(default: ""), "A built-in source of prompts with gold answers (`sort-digits`, `addition`)."),
            Key("prompts", .text(default: ""), "A JSON Lines or CSV file of prompts or conversations, with gold answers where they are known; its columns stand below. Relative to the arena's file."),
            Key("drawing", .choice(PromptPool.Drawing.allCases.map(\.rawValue), default: PromptPool.Drawing.withoutReplacement.rawValue), "`prompts`: whether a prompt can come again before all others have come; heavier ones (`weight`) come earlier, or more often."),
            Key("agents", .list(default: nil), "Folders under `agents/`: who takes part."),
            Key("anchors", .list(default: []), "Agents that never change. Ratings are read against the first one."),
            Key("rounds", .integer(0...100_000, default: 10), unit: "rounds", "How many rounds a run has."),
            Key("seed", .integer(0...Int.max, default: 1), "Decides every draw of the run; `--seed` overrules it."),
            Key("max_new_tokens", .integer(1...8192, default: 16), unit: "tokens", "The most tokens an answer may have. In games the game says how long a move is."),
            Key("schedule", .section(ScheduleKeys.section), "Who meets whom."),
            Key("stages", .section(StageKeys.section), "Whether tables are played in stages instead of one answer a seat."),
            Key("judge", .section(judge), "Who compares."),
            Key("pairs", .section(pairs), "Which rankings become preference pairs."),
            Key("share", .section(ShareKeys.section), "Whether learners train on one another's answers as well, in a fixed mix."),
            Key("rating", .section(rating), "How results become ratings."),
            Key("training", .section(TrainingKeys.section), "How learners train on their pairs."),
            Key("gate", .section(GateKeys.section), "What a new version must show before it replaces its parent."),
            Key("evaluation", .section(evaluation), "How often and how broadly progress is measured on held-out prompts."),
            Key("until", .section(StopRules.section), "What ends the run before its last round; rounds are always finished."),
            Key("limits", .section(limits), "How much of a round may be lost before the run stops with exit code 3."),
        ] + AsyncSettings.keys)

    static let judge = Section(
        "judge",
        [
            Key("kind", .choice(ArenaConfiguration.JudgeKind.allCases.map(\.rawValue), default: nil), "`referee`: the game's outcome. `exact`: equal to the gold answer, in the way that its folder says where it has one. All others are folders under `judges/`: `judges/README.md` tells what each kind does."),
            Key("folder", .text(default: ""), "The judge's folder under `judges/`; its `judge.yaml` has the same kind."),
            Key("labels", .choice(PairLabels.allCases.map(\.rawValue), default: PairLabels.hard.rawValue), "Judges that compare: `hard`: both orders agree or it is a tie. `soft`: verdicts carry how probable they are, ties that lean make pairs, and the loss reads the labels."),
            Key("pairing", .choice(["all", "budget", "sort"], default: "all"), "Judges that compare two at a time: which pairs of a room's answers are asked: all; the first `pair_budget` of a circle; or those of a sorting tournament."),
            Key("pair_budget", .integer(1...1_000_000, default: 8), unit: "pairs", "budget: the most pairs asked in a room."),
            Key("gold", .text(default: "answer"), "Where the truth about canary rooms comes from: `answer`, the prompts' gold answers; `votes`, what people voted on earlier canary rooms (`agon vote`), as far as it is there when a round begins; or the folder of a judge that is trusted more."),
            Key("canaries", .integer(0...1_000_000, default: 0), unit: "rooms", "Rooms of each round whose gold measures the judge. They are judged first; with `refresh` the judge then learns from them."),
            Key("min_accuracy", .number(0...1, default: 0.75), unit: "share", "While the judge was right on less than this share of the canary pairs of the last `window` rounds, taken together, no update is promoted. The gate opens again as soon as they recover."),
            Key("window", .integer(1...1000, default: 3), unit: "rounds", "How many rounds of canaries `min_accuracy` looks at, the round itself the last of them. One round has few canaries: by its own accuracy the gate would open and close by chance."),
            Key("refresh", .section(refresh), "How a reward model keeps up with the agents."),
            Key("alarm", .section(alarm), "What says that agents please the judge instead of being right. It reads the canaries."),
        ])

    static let refresh = Section(
        "judge.refresh",
        [
            Key("steps", .integer(0...10_000, default: 0), unit: "steps", "Training steps of the judge each round, on the canaries; 0 freezes it."),
            Key("learning_rate", .number(0...1, default: 2e-4), "AdamW step size of the refresh."),
            Key("batch_size", .integer(1...4096, default: 32), unit: "pairs", "Pairs a step, half from this round's canaries and half from earlier ones."),
        ])

    static let alarm = Section(
        "judge.alarm",
        [
            Key("action", .choice(["off"] + AlarmAction.allCases.map(\.rawValue), default: AlarmAction.rollback.rawValue), "What happens in a round with an alarm. `warn`: the run says so. `pause`: it promotes nothing as well. `rollback`: its learners also go back to the version that was best by gold on canaries."),
            Key("false_alarm_rate", .number(0.000001...0.5, default: 0.01), unit: "probability", "How probable a false alarm may be over a whole run."),
            Key("accuracy_tolerance", .number(0...1, default: 0.01), unit: "share", "How far the judge's accuracy on canaries may fall below that of the first rounds: pairs grow harder as agents grow alike. 1 is off."),
            Key("divergence_tolerance", .number(0...1, default: 0.05), unit: "points", "How much more than gold's the judge's score of the learners may rise. 1 is off."),
            Key("length_tolerance", .number(0...1, default: 0.1), unit: "points", "How much a much longer, or shorter, answer may gain beyond gold. 1 is off."),
            Key("marker_tolerance", .number(0...0.499, default: 0.05), unit: "share", "How far beyond one half a word or character may win where gold says that it should not."),
        ])

    static let pairs = Section(
        "pairs",
        [
            Key("select", .choice(["best_vs_worst", "all", "adjacent"], default: "best_vs_worst"), "Which seats of a ranking are paired. In games, the two trajectories of the same side in a game and its return game are paired."),
            Key("min_margin", .number(0...1, default: 0), unit: "points", "The least difference of both sides' mean points in their room."),
            Key("min_score_margin", .number(0...1_000_000, default: 0), unit: "score", "The least difference of the judge's scores, where it scores."),
            Key("max_similarity", .number(0...1, default: 1), unit: "share", "Pairs whose texts share this part of their runs of three characters, or more, are near duplicates and left out. 1 is off."),
            Key("max_length_ratio", .number(0...1000, default: 0), unit: "ratio", "Pairs whose longer side has more than this many times the tokens of the shorter are left out, so that length is not what is learned. 0 is off."),
            Key("max_per_agent", .integer(0...1_000_000, default: 0), unit: "pairs", "The most pairs of a round in which one agent made a side; which, is drawn. 0 is off."),
            Key("from", .choice(["own", "any"], default: "own"), "`own`: a learner trains on pairs that hold a rollout of its own. `any`: on all pairs of the round."),
        ])

    static let rating = Section(
        "rating",
        [
            Key("initial", .number(-10_000...10_000, default: 1000), unit: "Elo", "Where every agent starts; the first anchor's rating on the anchored scale."),
            Key("k", .number(0...1000, default: 16), unit: "Elo", "How far one room moves an online Elo rating at most."),
        ])

    static let evaluation = Section(
        "evaluation",
        [
            Key("every", .integer(1...100_000, default: 1), unit: "rounds", "Progress is measured after every so many rounds and after the last."),
            Key("prompts", .integer(0...1_000_000, default: 128), unit: "prompts", "Held-out prompts or openings used each time; where there are fewer, each is asked several times and still counts once. 0 measures nothing."),
        ])

    static let limits = Section(
        "limits",
        [
            Key("voids", .number(0...1, default: 0.5), unit: "share", "The most of a round's verdicts asked of the judge that may be void; 1 is off."),
            Key("forfeits", .number(0...1, default: 0.9), unit: "share", "The most of a round's rollouts that may be forfeits, in games of its games; 1 is off."),
        ])
}
