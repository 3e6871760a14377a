"""Sharing rollouts (SAPO) with eight tiny agents: batches of own and of others' pairs, as one Markdown table.

Every mix makes as many updates of as many steps: fewer own pairs in a batch need fewer rooms. Sorting digits, judged by the
gold answer, so that nothing but the mix differs.

Usage: python3 Benchmarks/sharing/sharing.py [--mixes 8/0,6/2,4/4,2/6] [--seeds 1,2,3,4,5] [--rounds 24] [--agon PATH]
"""

import argparse
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "seeds"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "judges"))
from canaries import mean  # noqa: E402
from seeds import ROOT, Record, run, table  # noqa: E402

AGENTS = [f"agent{number}" for number in range(8)]

ARENA = """\
name: sharing-{local}-{external}
task: sort-digits
agents: [{agents}, rookie]
anchors: [rookie]
rounds: {rounds}
max_new_tokens: 8
schedule: {{kind: free_for_all, rooms: {rooms}, seats_per_learner: 2}}
judge: {{kind: exact}}
share: {{local: {local}, external: {external}}}
training: {{algorithm: dpo, loss_type: [sigmoid, sft], loss_weights: [1, 0.2], beta: 0.5, learning_rate: 1.0e-4, batch_size: 8, reference: base}}
gate: {{prompts: 0}}
evaluation: {{every: 2, prompts: 200}}
"""


def curve(report: Record) -> dict[int, float]:
    """Gold on held-out prompts by round, mean over the learners, in percent."""
    rows: dict[int, list[float]] = {}
    for entry in report["evaluations"]:
        if entry["measure"] == "gold_sampled" and entry["policy"]["agent"] in AGENTS:
            rows.setdefault(entry["round"], []).append(100 * entry["value"])
    return {number: statistics.fmean(values) for number, values in sorted(rows.items())}


def steps(report: Record) -> float:
    """Optimiser steps of the run, mean over the learners."""
    return sum(update["stepCount"] for update in report["updates"]) / len(AGENTS)


def main() -> None:
    """Arguments, runs, table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mixes", default="8/0,6/2,4/4,2/6")
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--rooms", type=int, default=128, help="of the mix without external pairs")
    parser.add_argument("--agon", default=str(ROOT / ".build/release/agon"))
    parser.add_argument("--threads", type=int, default=1, help="results do not depend on it")
    options = parser.parse_args()
    if not pathlib.Path(options.agon).exists():
        sys.exit(f"{options.agon} is not there: build it with `swift build -c release --product agon`.")
    rows: list[dict[str, str]] = []
    goals: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "arenas").mkdir()
        (place / "judges").symlink_to(ROOT / "judges")
        (place / "agents").mkdir()
        (place / "agents/rookie").symlink_to(ROOT / "agents/rookie")
        for name in AGENTS:
            (place / "agents" / name).mkdir()
            (place / "agents" / name / "agent.yaml").write_text("kind: transformer\nmodel: ../rookie\n")
        for mix in options.mixes.split(","):
            local, external = (int(number) for number in mix.split("/"))
            file = place / f"arenas/sharing-{local}-{external}.yaml"
            file.write_text(ARENA.format(
                local=local, external=external, agents=", ".join(AGENTS), rounds=options.rounds,
                rooms=options.rooms * local // (local + external)))
            reports = [run(options.agon, str(file), int(seed), options.threads)[0] for seed in options.seeds.split(",")]
            curves = [curve(report) for report in reports]
            last = [list(values.values())[-1] for values in curves]
            goals = goals or last
            reached = [
                min((number for number, value in values.items() if value >= goal), default=None)
                for values, goal in zip(curves, goals)]
            known = [number for number in reached if number is not None]
            rows.append({
                "own/others' pairs a batch": mix,
                "rooms a round": str(options.rooms * local // (local + external)),
                "steps a learner": f"{statistics.fmean(map(steps, reports)):.0f}",
                "gold at the start (%)": mean([next(iter(values.values())) for values in curves]),
                "gold at the end (%)": mean(last),
                "rounds until the first row's end (median)":
                    f"{statistics.median(known):.0f} in {len(known)} of {len(reached)} seeds" if known else f"not in {len(reached)} seeds",
            })
            print(rows[-1], file=sys.stderr, flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
