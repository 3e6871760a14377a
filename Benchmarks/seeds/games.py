"""What learners make of games beside the shipped arenas, over five seeds, where it worked and where it did not.

    python3 Benchmarks/seeds/games.py [--agon .build/release/agon] [--seeds 1,2,3,4,5] [--only kuhn-kto,…] [--threads 2]

Before: `swift build -c release --product agon`. Makes a base for each game (two layers, width 64, imitating a crowd that
plays like the game's expert half of the time), lets two learners start from it, and measures both on openings of the held-out side
against the base that they came from: score, illegal moves, draws against a perfect player where there is one, and in the pokers what
a best answer wins of them in a hand (exploitability; 0 is an equilibrium). Recipes were chosen on seeds 11 to 14. Prints Markdown:
for each case a row per learner, and at the end one table of medians.
"""
import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from seeds import MEASURES, ROOT, Record, ends, row, run_in, sides, table

DPO = "algorithm: dpo, loss_type: [sigmoid, sft], loss_weights: [1, {sft}], beta: {beta}, learning_rate: {rate}, batch_size: {batch}, reference: base"
KTO = "algorithm: kto, beta: 0.1, learning_rate: 3.0e-4, batch_size: 64, reference: base"
TRAJECTORIES = DPO.format(sft=0.1, beta=0.1, rate="3.0e-4", batch=32)
ROUND_ROBIN = "{kind: round_robin, rooms_per_pairing: 384, baseline_rooms_per_pairing: 8}"
# As many rooms a round as the round robin of these five agents has.
SELF_PLAY = "{{kind: self_play, rooms_per_learner: 604, latest_ratio: {latest}, window: 8}}"


class Case(NamedTuple):
    """A game, what its crowd half imitates, and how the learners are paired and trained."""

    game: str
    expert: str
    title: str
    training: str
    schedule: str = ROUND_ROBIN
    rounds: int = 60


CASES = {
    "kuhn-dpo": Case("kuhn-poker", "equilibrium", "pairs of trajectories, DPO", TRAJECTORIES),
    "kuhn-kto": Case("kuhn-poker", "equilibrium", "KTO", KTO),
    "kuhn-self-play": Case("kuhn-poker", "equilibrium", "KTO, self-play with a pool of 8", KTO, SELF_PLAY.format(latest=0.5)),
    "kuhn-newest": Case("kuhn-poker", "equilibrium", "KTO, self-play with newest versions alone", KTO, SELF_PLAY.format(latest=1)),
    "leduc-dpo": Case("leduc-poker", "near_equilibrium", "pairs of trajectories, DPO", DPO.format(sft=0.1, beta=0.1, rate="3.0e-4", batch=64)),
    "leduc-kto": Case("leduc-poker", "near_equilibrium", "KTO", KTO),
    "nim-dpo": Case("nim", "perfect", "pairs of trajectories, DPO", DPO.format(sft=0.3, beta=0.5, rate="1.0e-4", batch=32)),
}
LEARNERS = ("one", "two")


def files(folder: Path, case: Case) -> None:
    """Agents, and how their base is made."""
    texts = {
        "agents/base/agent.yaml": "kind: transformer\nmodel: model\n",
        "agents/random/agent.yaml": "kind: scripted\nstrategy: random\n",
        "agents/expert/agent.yaml": f"kind: scripted\nstrategy: {case.expert}\n",
        "pretraining/base.yaml": f"""output: ../agents/base/model
game: {case.game}
skill: 0.5
model: {{hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 4, intermediate_size: 160, max_position_embeddings: 48}}
steps: 2000
batch_size: 256
learning_rate: 2.0e-3
seed: 13
""",
    } | {f"agents/{name}/agent.yaml": "kind: transformer\nmodel: ../base\n" for name in LEARNERS}
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def arena(folder: Path, name: str, case: Case) -> str:
    """Writes the arena of a case; its path."""
    path = folder / "arenas" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"""name: {name}
game: {case.game}
agents: [one, two, base, random, expert]
anchors: [base, random, expert]
rounds: {case.rounds}
schedule: {case.schedule}
judge: {{kind: referee}}
pairs: {{from: any}}
training: {{{case.training}}}
gate: {{prompts: 48, min_score: 0.48}}
evaluation: {{every: 10, prompts: 200}}
""")
    return str(path)


def medians(case: Case, reports: list[Record]) -> list[dict[str, str]]:
    """One line per measure over all learners of all seeds."""
    lines: list[dict[str, str]] = []
    for measure, heading, factor in MEASURES:
        pairs = [pair for report in reports for name in LEARNERS if (pair := ends(report, name, measure))]
        if not pairs:
            continue
        digits = 2 if measure == "exploitability" else 1
        last = [after["value"] * factor for _, after in pairs]
        lines.append({
            "game": case.game, "recipe": case.title, "measure": heading,
            "version 0": f"{factor * statistics.median(before['value'] for before, _ in pairs):.{digits}f}",
            "last version, median": f"{statistics.median(last):.{digits}f}",
            "range over runs and learners": f"{min(last):.{digits}f} to {max(last):.{digits}f}",
            "intervals beside version 0": sides(pairs),
        })
    return lines


def main() -> None:
    """Arguments, bases, runs, tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agon", default=str(ROOT / ".build/release/agon"))
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--only", default=",".join(CASES), help="cases, by name")
    parser.add_argument("--threads", type=int, default=2, help="results do not depend on it")
    options = parser.parse_args()
    names = options.only.split(",")
    if unknown := [name for name in names if name not in CASES]:
        sys.exit(f"there is no case {unknown[0]}: known are {', '.join(CASES)}.")
    lines: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as root:
        for name in names:
            case = CASES[name]
            folder = Path(root) / case.game
            if not folder.exists():
                files(folder, case)
                subprocess.run([options.agon, "pretrain", "pretraining/base.yaml", "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            path = arena(folder, name, case)
            rows: list[dict[str, str]] = []
            reports: list[Record] = []
            for seed in options.seeds.split(","):
                report, seconds = run_in(f"{folder}/{name}-{seed}", options.agon, path, int(seed), options.threads)
                reports.append(report)
                rows += [row(report, learner, seconds) for learner in LEARNERS]
            print(f"### {case.game}: {case.title}\n\n{table(rows)}\n", flush=True)
            lines += medians(case, reports)
    print(table(lines))


if __name__ == "__main__":
    main()
