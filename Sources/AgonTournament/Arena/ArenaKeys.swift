public import AgonAgents

/// The keys of an arena file: what the reader accepts, and what `arenas/README.md` says.
public enum ArenaKeys {
    /// The whole file.
    public static let section = Section(
        "",
        [
            Key("name", .text(default: nil), "The arena's name, which is also the name of its report folder: letters, digits, `-` and `_`; not `versions`, `training` or `queries`, folders that lie beside it."),
            Key("description", .text(default: ""), "One line for people."),
            Key("game", .text(default: ""), "A built-in game (`tic-tac-toe`, `kuhn-poker` …). Give exactly one of `game`, `task` and `prompts`."),
            Key("task", .text(default: ""), "A built-in source of prompts with gold answers (`sort-digits`, `addition`)."),
            Key("prompts", .text(default: ""), "A JSON Lines file with `prompt` and, where gold is known, `answer` in each line; relative to the arena's file."),
            Key("agents", .list(default: nil), "Folders under `agents/`: who takes part."),
            Key("anchors", .list(default: []), "Agents that never change. Ratings are read against the first one."),
            Key("rounds", .integer(0...100_000, default: 10), unit: "rounds", "How many rounds a run has."),
            Key("seed", .integer(0...Int.max, default: 1), "Decides every draw of the run; `--seed` overrules it."),
            Key("max_new_tokens", .integer(1...8192, default: 16), unit: "tokens", "The most tokens an answer may have. In games the game says how long a move is."),
            Key("schedule", .section(schedule), "Who meets whom."),
            Key("judge", .section(judge), "Who compares."),
            Key("pairs", .section(pairs), "Which rankings become preference pairs."),
            Key("rating", .section(rating), "How results become ratings."),
            Key("training", .section(TrainingKeys.section), "How learners train on their pairs."),
            Key("gate", .section(gate), "What a new version must show before it replaces its parent."),
            Key("evaluation", .section(evaluation), "How often and how broadly progress is measured on held-out prompts."),
            Key("limits", .section(limits), "How much of a round may be lost before the run stops with exit code 3."),
        ])

    static let schedule = Section(
        "schedule",
        [
            Key("kind", .choice(["round_robin", "free_for_all"], default: nil), "`round_robin`: rooms of two, everybody meets everybody. `free_for_all`: everybody sits in every room."),
            Key("rooms", .integer(1...1_000_000, default: 64), unit: "rooms", "free_for_all: rooms a round."),
            Key("seats_per_learner", .integer(1...64, default: 2), unit: "seats", "free_for_all: how many answers each learner gives in a room; known elsewhere as `num_generations`."),
            Key("rooms_per_pairing", .integer(0...1_000_000, default: 32), unit: "rooms", "round_robin: rooms a round between two models of which one learns. Half are return games."),
            Key("baseline_rooms_per_pairing", .integer(0...1_000_000, default: 4), unit: "rooms", "round_robin: rooms a round of all other pairings. They serve the ratings only."),
        ])

    static let judge = Section(
        "judge",
        [
            Key("kind", .choice(["referee", "exact", "reward_model"], default: nil), "`referee`: the game's outcome. `exact`: equal to the gold answer. `reward_model`: a native model that scores answers."),
            Key("folder", .text(default: ""), "reward_model: the judge's folder under `judges/`."),
            Key("tie_margin", .number(0...1000, default: 0), unit: "score", "reward_model: answers whose scores differ by no more than this tie."),
            Key("canaries", .integer(0...1_000_000, default: 0), unit: "rooms", "Rooms of each round whose gold measures the judge. They are judged first; with `refresh` the judge then learns from them."),
            Key("min_accuracy", .number(0...1, default: 0.75), unit: "share", "While the judge was right on less than this share of the canary pairs of the last `window` rounds, taken together, no update is promoted. The gate opens again as soon as they recover."),
            Key("window", .integer(1...1000, default: 3), unit: "rounds", "How many rounds of canaries `min_accuracy` looks at, the round itself the last of them. One round has few canaries: by its own accuracy the gate would open and close by chance."),
            Key("refresh", .section(refresh), "How a reward model keeps up with the agents."),
        ])

    static let refresh = Section(
        "judge.refresh",
        [
            Key("steps", .integer(0...10_000, default: 0), unit: "steps", "Training steps of the judge each round, on the canaries; 0 freezes it."),
            Key("learning_rate", .number(0...1, default: 2e-4), "AdamW step size of the refresh."),
            Key("batch_size", .integer(1...4096, default: 32), unit: "pairs", "Pairs a step, half from this round's canaries and half from earlier ones."),
        ])

    static let pairs = Section(
        "pairs",
        [
            Key("select", .choice(["best_vs_worst", "all", "adjacent"], default: "best_vs_worst"), "Which seats of a ranking are paired. In games, the two trajectories of the same side in a game and its return game are paired."),
            Key("from", .choice(["own", "any"], default: "own"), "`own`: a learner trains on pairs that hold a rollout of its own. `any`: on all pairs of the round."),
        ])

    static let rating = Section(
        "rating",
        [
            Key("initial", .number(-10_000...10_000, default: 1000), unit: "Elo", "Where every agent starts; the first anchor's rating on the anchored scale."),
            Key("k", .number(0...1000, default: 16), unit: "Elo", "How far one room moves an online Elo rating at most."),
        ])

    static let gate = Section(
        "gate",
        [
            Key("prompts", .integer(0...100_000, default: 64), unit: "prompts", "Prompts or openings, set apart for this alone, on which a new version meets its parent; in games both sides are played. 0 opens the gate."),
            Key("min_score", .number(0...1, default: 0.5), unit: "share", "The least score against the parent with which the new version is promoted. A version whose 95 % interval lies below one half is never promoted."),
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
