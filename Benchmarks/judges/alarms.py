"""When the alarm comes in the quickstart, whose judge is honest, and with a frozen judge, and what a way back keeps.

Usage: python3 Benchmarks/judges/alarms.py [--seeds 1,2,3,4,5] [--agon PATH]
"""

import argparse
import contextlib
import pathlib
import re
import sqlite3
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "seeds"))
from seeds import ROOT, ends, run_in, table  # noqa: E402

CASES = [("quickstart", "warn"), ("frozen-judge", "warn"), ("frozen-judge", "rollback")]


def arena(name: str, action: str) -> str:
    """The arena's text with another action."""
    text = re.sub(r"^  alarm: .*\n", "", (ROOT / f"arenas/{name}.yaml").read_text(), flags=re.MULTILINE)
    return text.replace("\njudge:\n", f"\njudge:\n  alarm: {{action: {action}}}\n")


def first_alarm(database: str) -> int | None:
    """The first round with an alarm."""
    with contextlib.closing(sqlite3.connect(database)) as db:
        return db.execute("SELECT min(round) FROM alarms").fetchone()[0]


def main() -> None:
    """Arguments, runs, table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--agon", default=str(ROOT / ".build/release/agon"))
    parser.add_argument("--threads", type=int, default=1, help="results do not depend on it")
    options = parser.parse_args()
    if not pathlib.Path(options.agon).exists():
        sys.exit(f"{options.agon} is not there: build it with `swift build -c release --product agon`.")
    rows: list[dict[str, str]] = []
    for name, action in CASES:
        alarms: list[int | None] = []
        last: list[float] = []
        for seed in [int(text) for text in options.seeds.split(",")]:
            with tempfile.TemporaryDirectory() as folder:
                place = pathlib.Path(folder)
                (place / "arenas").mkdir()
                for part in ["agents", "judges"]:
                    (place / part).symlink_to(ROOT / part)
                file = place / f"arenas/{name}.yaml"
                file.write_text(arena(name, action))
                report, _ = run_in(folder, options.agon, str(file), seed, options.threads)
                alarms.append(first_alarm(f"{folder}/arena.sqlite"))
            learners = [s["agent"] for s in report["standings"] if s["role"] == "learner"]
            last += [pair[1]["value"] * 100 for agent in learners if (pair := ends(report, agent, "gold_sampled"))]
        rows.append({
            "arena": name, "action": action, "seeds": options.seeds,
            "first alarm in round": ", ".join("none" if a is None else str(a) for a in alarms),
            "gold, sampled, at the end (%): median, range":
                f"{statistics.median(last):.1f}, {min(last):.1f} to {max(last):.1f}",
        })
    print(table(rows))


if __name__ == "__main__":
    main()
