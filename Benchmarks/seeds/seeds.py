"""Runs arenas under several seeds in temporary databases and prints one Markdown table for each.

Usage: python3 Benchmarks/seeds/seeds.py [--seeds 1,2,3,4,5] [--agon PATH] [ARENA.yaml ...]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARENAS = ["quickstart", "frozen-judge", "tic-tac-toe"]
# Measure, heading, factor; a measure that an arena does not record has no column.
MEASURES = [
    ("gold_sampled", "gold, sampled (%)", 100.0),
    ("gold_greedy", "gold, greedy (%)", 100.0),
    ("score_vs_anchor", "score against the anchor (%)", 100.0),
    ("exploitability", "exploitability", 1.0),
    ("draws_vs_perfect", "draws against perfect (%)", 100.0),
    ("illegal_per_100", "illegal moves per 100 games", 1.0),
]
LESS_IS_BETTER = {"exploitability", "illegal_per_100"}
Record = dict[str, Any]


def run(agon: str, arena: str, seed: int, threads: int) -> tuple[Record, float]:
    """One run's report, and the seconds that it took."""
    with tempfile.TemporaryDirectory() as folder:
        return run_in(folder, agon, arena, seed, threads)


def run_in(folder: str, agon: str, arena: str, seed: int, threads: int) -> tuple[Record, float]:
    """The same, with its database left in `arena.sqlite` of a folder."""
    command = [agon, "run", arena, "--seed", str(seed), "--threads", str(threads), "--json"]
    start = time.monotonic()
    done = subprocess.run(command + ["--db", f"{folder}/arena.sqlite"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout), time.monotonic() - start


def span(record: Record, factor: float) -> str:
    """A measured value with its 95 % interval."""
    value, low, high = (f"{record[key] * factor:.{decimals(record)}f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def decimals(record: Record) -> int:
    """Exploitability is small, everything else is of a hundred."""
    return 2 if record["measure"] == "exploitability" else 1


def ends(report: Record, agent: str, measure: str) -> tuple[Record, Record] | None:
    """The first and the last record of an agent's measure."""
    records = [e for e in report["evaluations"] if e["measure"] == measure and e["policy"]["agent"] == agent]
    records.sort(key=lambda e: e["round"])
    return (records[0], records[-1]) if records else None


def sides(pairs: list[tuple[Record, Record]]) -> str:
    """How many last intervals lie wholly on the better and on the worse side of the first value, of how many."""
    below = sum(after["high"] < before["value"] for before, after in pairs)
    above = sum(after["low"] > before["value"] for before, after in pairs)
    better, worse = (below, above) if pairs[0][0]["measure"] in LESS_IS_BETTER else (above, below)
    return f"{better} better, {worse} worse of {len(pairs)}"


def row(report: Record, agent: str, seconds: float) -> dict[str, str]:
    """One learner of one run."""
    updates = [u for u in report["updates"] if u["agent"] == agent]
    promoted = sum(u.get("toVersion") is not None for u in updates)
    cells = {"seed": str(report["seed"]), "agent": agent}
    for measure, heading, factor in MEASURES:
        pair = ends(report, agent, measure)
        if pair:
            cells[heading] = f"{span(pair[0], factor)} → {span(pair[1], factor)}"
    cells["promoted"] = f"{promoted} of {len(updates)}"
    health = report.get("judgeHealth")
    if health:
        last = health[-1]
        gold = last.get("goldScore")
        cells["judge right on canaries, first → last round (%)"] = (
            f"{float(health[0]['accuracy']) * 100:.1f} → {float(last['accuracy']) * 100:.1f}")
        cells["learners' score in the last round: the judge says, gold says (%)"] = (
            f"{float(last['believedScore']) * 100:.1f}, " + ("–" if gold is None else f"{gold * 100:.1f}"))
    cells["run (s)"] = f"{seconds:.0f}"
    return cells


def table(rows: list[dict[str, str]]) -> str:
    """Markdown; all rows have the same cells."""
    headings = list(rows[0])
    lines = [headings, ["---"] * len(headings)] + [[r.get(h, "–") for h in headings] for r in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def summary(reports: list[Record]) -> str:
    """What holds over all learners of all seeds: the median and the worst of what was measured last."""
    lines: list[str] = []
    for measure, heading, factor in MEASURES:
        pairs = [
            pair for report in reports for s in report["standings"]
            if s["role"] == "learner" and (pair := ends(report, s["agent"], measure))]
        if not pairs:
            continue
        first = statistics.median(p[0]["value"] for p in pairs) * factor
        last = [p[1]["value"] * factor for p in pairs]
        worst = (
            f"highest upper bound {max(p[1]['high'] for p in pairs) * factor:.1f}" if measure in LESS_IS_BETTER
            else f"lowest lower bound {min(p[1]['low'] for p in pairs) * factor:.1f}")
        lines.append(
            f"- {heading}: median {first:.1f} → {statistics.median(last):.1f}, "
            f"range {min(last):.1f} to {max(last):.1f}, {worst}, "
            f"intervals beside version 0: {sides(pairs)}")
    return "\n".join(lines)


def curve(reports: list[Record]) -> str:
    """The first measure's median over all learners of all seeds, round by round."""
    present = {e["measure"] for e in reports[0]["evaluations"]}
    measure, heading, factor = next(m for m in MEASURES if m[0] in present)
    rounds: dict[int, list[float]] = {}
    for evaluation in (e for report in reports for e in report["evaluations"] if e["measure"] == measure):
        rounds.setdefault(evaluation["round"], []).append(evaluation["value"] * factor)
    points = ", ".join(f"{number}: {statistics.median(values):.1f}" for number, values in sorted(rounds.items()))
    return f"- {heading}, median after round {points}"


def main() -> None:
    """Arguments, runs, tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arenas", nargs="*", help="arena files; without them the three of arenas/")
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--agon", default=str(ROOT / ".build/release/agon"))
    parser.add_argument("--threads", type=int, default=2, help="results do not depend on it")
    options = parser.parse_args()
    if not pathlib.Path(options.agon).exists():
        sys.exit(f"{options.agon} is not there: build it with `swift build -c release --product agon`.")
    for arena in options.arenas or [str(ROOT / f"arenas/{name}.yaml") for name in ARENAS]:
        reports: list[Record] = []
        rows: list[dict[str, str]] = []
        for seed in [int(text) for text in options.seeds.split(",")]:
            report, seconds = run(options.agon, arena, seed, options.threads)
            reports.append(report)
            learners = sorted(s["agent"] for s in report["standings"] if s["role"] == "learner")
            rows += [row(report, agent, seconds) for agent in learners]
        first = reports[0]
        print(f"### {first['arena']}, {first['roundCount']} rounds, kernels {first['kernels']}\n")
        print(f"{table(rows)}\n\n{summary(reports)}\n{curve(reports)}\n", flush=True)


if __name__ == "__main__":
    main()
