"""Where a run's time goes, its speed and memory, the start-up time of `agon --help`, and clean build times.

Usage: python3 Benchmarks/run/run.py [--agon PATH] [--threads 1,2] [--repeats 3] [--builds] [ARENA.yaml ...]
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARENAS = ["quickstart", "tic-tac-toe"]
PARTS = ["rollouts", "judging", "training", "evaluation", "store"]
START_COUNT = 40


class Measured:
    """One process: its output, wall seconds, processor seconds and peak memory."""

    def __init__(self, command: list[str]) -> None:
        with tempfile.TemporaryFile() as output:
            start = time.monotonic()
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT)
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            self.output = output.read().decode()
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}: {self.output[-2000:]}")
        self.processor_seconds = usage.ru_utime + usage.ru_stime
        self.peak_mebibytes = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)


def spread(values: list[float], digits: int = 1) -> str:
    """Median and range."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def play(agon: str, arena: str, threads: int) -> tuple[dict[str, Any], Measured]:
    """One run in a temporary database."""
    with tempfile.TemporaryDirectory() as folder:
        measured = Measured(
            [agon, "run", arena, "--threads", str(threads), "--db", f"{folder}/arena.sqlite", "--json"])
    return json.loads(measured.output), measured


def run_row(agon: str, arena: str, threads: int, repeats: int) -> list[str]:
    """One arena: medians and ranges over its repetitions; signatures must agree."""
    runs = [play(agon, arena, threads) for _ in range(repeats)]
    if len({report["signature"] for report, _ in runs}) != 1:
        sys.exit(f"{arena}: repetitions ended with different signatures.")
    report = runs[0][0]
    timings = [report["timings"] for report, _ in runs]
    cells = [report["arena"], str(threads), spread([m.seconds for _, m in runs])]
    for part in PARTS:
        share = statistics.median(t[part] / sum(t[p] for p in PARTS) for t in timings)
        cells.append(f"{statistics.median(t[part] for t in timings) / report['roundCount'] * 1000:.0f} ({share:.0%})")
    cells.append(spread([t["roomCount"] / m.seconds for t, (_, m) in zip(timings, runs)], 0))
    cells.append(spread([t["tokenCount"] / t["rollouts"] for t in timings], 0))
    return cells + [spread([m.peak_mebibytes for _, m in runs], 0)]


def starts(agon: str) -> str:
    """`agon --help`, after three starts that warm the file cache."""
    seconds = [Measured([agon, "--help"]).seconds for _ in range(START_COUNT + 3)][3:]
    return f"`agon --help`: {spread([s * 1000 for s in seconds])} ms wall, {START_COUNT} starts"


def build(configuration: str) -> str:
    """A build from nothing into a temporary folder; the dependencies' sources come from SwiftPM's cache."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = ["--scratch-path", folder]
        Measured(["swift", "package", "resolve"] + scratch)
        measured = Measured(["swift", "build", "-c", configuration, "--product", "agon"] + scratch)
    return (f"clean {configuration} build of `agon`: {measured.seconds:.0f} s wall, "
            f"{measured.processor_seconds:.0f} s processor time")


def main() -> None:
    """Arguments, tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arenas", nargs="*", help="arena files; without them quickstart and tic-tac-toe")
    parser.add_argument("--agon", default=str(ROOT / ".build/release/agon"))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--builds", action="store_true", help="also build from nothing, debug and release")
    options = parser.parse_args()
    if not pathlib.Path(options.agon).exists():
        sys.exit(f"{options.agon} is not there: build it with `swift build -c release --product agon`.")
    headings = ["arena", "threads", "run (s)"] + [f"{part}, ms a round" for part in PARTS]
    headings += ["rooms/s", "tokens/s of rollouts", "peak memory (MiB)"]
    print("| " + " | ".join(headings) + " |\n|" + "---|" * len(headings))
    for arena in options.arenas or [str(ROOT / f"arenas/{name}.yaml") for name in ARENAS]:
        for threads in options.threads.split(","):
            print("| " + " | ".join(run_row(options.agon, arena, int(threads), options.repeats)) + " |", flush=True)
    print(f"\n- {starts(options.agon)}", flush=True)
    for configuration in ["debug", "release"] if options.builds else []:
        print(f"- {build(configuration)}", flush=True)


if __name__ == "__main__":
    main()
