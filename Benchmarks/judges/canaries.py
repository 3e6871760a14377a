"""The least gold that still holds: quickstart with fewer and fewer canaries a round, as one Markdown table.

Everything else is the arena's own, but the alarm only warns, so that what the refresh does is seen alone.

Usage: python3 Benchmarks/judges/canaries.py [--canaries 0,1,2,4,8,16] [--seeds 1,2,3,4,5] [--agon PATH]
"""

import argparse
import pathlib
import re
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "seeds"))
from seeds import ROOT, Record, ends, run, table  # noqa: E402

# Student's t for 95 % intervals of the mean of so many seeds.
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}


def arena(canaries: int) -> str:
    """The text of quickstart with another number of canaries; without any there is nothing to refresh by."""
    text = (ROOT / "arenas/quickstart.yaml").read_text()
    if canaries == 0:
        return re.sub(r"^  (canaries|min_accuracy|alarm|refresh): .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^  alarm: .*\n", "", text, flags=re.MULTILINE)
    text, count = re.subn(r"^  canaries: \d+$", f"  canaries: {canaries}\n  alarm: {{action: warn}}", text, flags=re.MULTILINE)
    if count != 1:
        sys.exit("arenas/quickstart.yaml has no line `  canaries: NUMBER` any more: this script needs it.")
    return text


def mean(values: list[float]) -> str:
    """The mean over seeds with the 95 % interval that their spread gives."""
    middle = statistics.fmean(values)
    if len(values) not in STUDENT:
        return f"{middle:.1f}"
    half = STUDENT[len(values)] * statistics.stdev(values) / len(values) ** 0.5
    return f"{middle:.1f} ± {half:.1f}"


def row(canaries: int, reports: list[Record]) -> dict[str, str]:
    """What became of the learners of all seeds."""
    learners = [[s["agent"] for s in report["standings"] if s["role"] == "learner"] for report in reports]
    last = [
        [pair[1]["value"] * 100 for name in names if (pair := ends(report, name, "gold_sampled"))]
        for report, names in zip(reports, learners)]
    health = [report["judgeHealth"][-1] for report in reports if canaries > 0]
    return {
        "canaries a round": str(canaries),
        "gold at the end, sampled (%): mean over seeds": mean([statistics.fmean(values) for values in last]),
        "least of all learners": f"{min(min(values) for values in last):.1f}",
        "judge right on canaries of the last three rounds (%)":
            f"{statistics.fmean(float(h['windowAccuracy']) for h in health) * 100:.1f}" if health else "–",
    }


def main() -> None:
    """Arguments, runs, table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--canaries", default="0,1,2,4,8,16")
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--agon", default=str(ROOT / ".build/release/agon"))
    parser.add_argument("--threads", type=int, default=1, help="results do not depend on it")
    options = parser.parse_args()
    if not pathlib.Path(options.agon).exists():
        sys.exit(f"{options.agon} is not there: build it with `swift build -c release --product agon`.")
    rows: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "arenas").mkdir()
        for name in ["agents", "judges"]:
            (place / name).symlink_to(ROOT / name)
        for canaries in [int(text) for text in options.canaries.split(",")]:
            file = place / f"arenas/quickstart-{canaries}.yaml"
            file.write_text(arena(canaries))
            reports = [run(options.agon, str(file), int(seed), options.threads)[0] for seed in options.seeds.split(",")]
            rows.append(row(canaries, reports))
            print(rows[-1], file=sys.stderr, flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
