"""Asynchronous rounds: whether they lose or keep anything that is too old, how fast they are, and what staleness costs.

crashes: 200 updates held up at random, killed again and again. speed: wall clock against sequential, equal updates.
score: the quickstart over seeds by how far rounds are ahead, and by correction.

Usage: python3 Benchmarks/async/async.py [crashes] [speed] [score] [--seeds 1,2,3,4,5] [--levels 0,1,2,4,8,16]
    [--corrected 8] [--kills 20] [--repeats 3] [--bench PATH] [--agon PATH]
"""

import argparse
import pathlib
import random
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "seeds"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "judges"))
from canaries import mean  # noqa: E402
from seeds import ROOT, Record, ends, run, table  # noqa: E402

# One learner, so that a sequential update has one of two cores to itself.
ARENA = """name: ahead
task: sort-digits
agents: [ada, rookie, random, perfect]
anchors: [rookie, random, perfect]
rounds: {rounds}
max_new_tokens: 8
schedule: {{kind: free_for_all, rooms: {rooms}, seats_per_learner: {seats}}}
judge: {{kind: exact}}
pairs: {{select: all}}
training: {{beta: 0.5, learning_rate: {rate}, batch_size: 16, reference: base, num_train_epochs: {epochs}}}
gate: {{prompts: {gate}, min_score: 0}}
evaluation: {{every: 1000, prompts: 200}}
"""


def place(folder: str) -> pathlib.Path:
    """A folder in which arenas find the agents and judges of the repository."""
    root = pathlib.Path(folder)
    (root / "arenas").mkdir()
    for name in ["agents", "judges"]:
        (root / name).symlink_to(ROOT / name)
    return root


def ledger(database: pathlib.Path) -> Record:
    """Samples by what became of them, and how many broke a promise."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        names = ["produced", "trained", "stale", "masked", "unused", "pending"]
        counts = dict(zip(names, db.execute(
            "SELECT sum(produced_count), total(trained_count), total(stale_count), total(masked_count), "
            "total(unused_count), total(produced_count) FILTER (WHERE age IS NULL) FROM samples").fetchone()))
        counts = {name: int(value or 0) for name, value in counts.items()}
        # Counted from the rooms alone: samples of learners in closed rounds, and in no round twice.
        rooms = db.execute(
            "SELECT count(*) FROM rollouts JOIN rooms ON rooms.id = room_id JOIN rounds USING (run_id, round) "
            "JOIN policies ON policies.id = policy_id WHERE role = 'learner'").fetchone()[0]
        counts["lost or twice"] = abs(counts["produced"] - counts["pending"] - rooms) + abs(
            counts["produced"] - sum(counts[name] for name in names[1:]))
        counts["violations"] = db.execute(
            "SELECT total(trained_count) FROM samples JOIN dispatches USING (run_id, round) "
            "WHERE trained_count > 0 AND age > max_off_policy_steps").fetchone()[0]
        counts["oldest trained"] = db.execute("SELECT max(age) FROM samples WHERE trained_count > 0").fetchone()[0] or 0
        counts["updates"] = db.execute("SELECT count(*) FROM updates").fetchone()[0]
    return counts


def crashes(options: argparse.Namespace) -> None:
    """One run that is never killed, and one that is, with updates and rollouts held up."""
    text = ARENA.format(rounds=200, rooms=16, seats=4, rate=1e-4, epochs=1, gate=0) + "sync_mode: async\nasync_level: 4\nmax_off_policy_steps: 4\n"
    with tempfile.TemporaryDirectory() as folder:
        root = place(folder)
        arena = root / "arenas/ahead.yaml"
        arena.write_text(text)

        def start(name: str, updates: float, rollouts: float) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [options.bench, str(arena), str(root / name / "arena.sqlite"), "2", str(updates), str(rollouts)],
                stdout=subprocess.PIPE, text=True)
        whole = start("whole", 0, 0).communicate()[0].strip()
        generator, kills, broken = random.Random(1), 0, 0
        while True:
            process = start("killed", 0.1, 0.05)
            try:
                signature = process.communicate(timeout=generator.uniform(0.3, 1.5) if kills < options.kills else None)[0].strip()
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                kills += 1
            counts = ledger(root / "killed/arena.sqlite")
            broken += counts["lost or twice"] > 0 or counts["violations"] > 0
        counts = ledger(root / "killed/arena.sqlite")
        print(table([{
            "updates": str(counts["updates"]), "kill -9": str(kills), "samples": str(counts["produced"]),
            **{name: str(counts[name]) for name in ["trained", "stale", "unused", "pending", "lost or twice", "oldest trained"]},
            "too old and trained on": f"{counts['violations']:.0f}", "kills after which the ledger was not exact": str(broken),
            "signature of the run that was never killed": "the same" if signature == whole and whole else "another"}]) + "\n", flush=True)


def seconds_of(root: pathlib.Path) -> tuple[float, float]:
    """Seconds of rollouts, and of everything that closes rounds."""
    with sqlite3.connect(f"file:{root / 'arena.sqlite'}?mode=ro", uri=True) as db:
        return db.execute(
            "SELECT sum(rollout_seconds), sum(judging_seconds + training_seconds + evaluation_seconds + store_seconds) FROM rounds").fetchone()


def speed(options: argparse.Namespace) -> None:
    """The same rounds one after another and ahead, in turns, on two threads."""
    rows: list[dict[str, str]] = []
    for case, sizes, held in [
        ("rollouts and updates compute", {"rooms": 256, "seats": 6, "epochs": 1}, 0.0),
        ("rollouts wait for a program that takes 10 ms an answer", {"rooms": 64, "seats": 4, "epochs": 1}, 0.01),
    ]:
        text = ARENA.format(rounds=12, rate=1e-4, gate=0, **sizes).replace("select: all", "select: all, max_per_agent: 700")
        if held:
            text = text.replace("agents: [ada, rookie", "agents: [ada, rookie, slow")
        walls: dict[str, list[float]] = {"sequential": [], "async": []}
        shares = (0.0, 0.0)
        for _ in range(options.repeats):
            for mode, seconds in walls.items():
                with tempfile.TemporaryDirectory() as folder:
                    root = place(folder)
                    if held:
                        slow(root, held)
                    arena = root / "arenas/ahead.yaml"
                    arena.write_text(text + f"sync_mode: {mode}\n")
                    begin = time.monotonic()
                    done = subprocess.run([options.agon, "run", str(arena), "--threads", "2", "--db", str(root / "arena.sqlite"), "-q"], capture_output=True, text=True)
                    if done.returncode != 0:
                        sys.exit(done.stderr)
                    seconds.append(time.monotonic() - begin)
                    if mode == "sequential":
                        shares = seconds_of(root)
        ratios = [b / a for a, b in zip(walls["sequential"], walls["async"])]
        rows.append({
            "what": case, "sequential: rollouts, the rest (s)": f"{shares[0]:.1f}, {shares[1]:.1f}",
            "sequential (s)": f"{statistics.median(walls['sequential']):.1f}", "async (s)": f"{statistics.median(walls['async']):.1f}",
            "ratio, median of turns": f"{statistics.median(ratios):.2f}"})
        print(rows[-1], file=sys.stderr, flush=True)
    print(table(rows) + "\n", flush=True)


def slow(root: pathlib.Path, seconds: float) -> None:
    """An agent that takes its time, as an endpoint would."""
    (root / "agents").unlink()
    (root / "agents").mkdir()
    for agent in (ROOT / "agents").iterdir():
        (root / "agents" / agent.name).symlink_to(agent)
    (root / "agents/slow").mkdir()
    (root / "agents/slow/agent.yaml").write_text("kind: process\ncommand: [python3, agent.py]\n")
    (root / "agents/slow/agent.py").write_text(
        "import json, sys, time\n"
        "for line in sys.stdin:\n"
        "    question = json.loads(line)\n"
        f"    if 'id' in question: time.sleep({seconds})\n"
        "    answer = {'id': question['id'], 'text': '123456'} if 'id' in question else {'agon': 1}\n"
        "    print(json.dumps(answer), flush=True)\n")


def quickstart(level: int, correction: str, weighting: bool) -> str:
    """The quickstart's text with rounds ahead; level 0 is the arena as it is."""
    text = (ROOT / "arenas/quickstart.yaml").read_text()
    if level == 0:
        return text
    if weighting:
        text, count = re.subn(r"training: \{", "training: {use_weighting: true, ", text)
        if count != 1:
            sys.exit("arenas/quickstart.yaml has no line `training: {` any more: this script needs it.")
    return text + f"sync_mode: async\nasync_level: {level}\nmax_off_policy_steps: {level}\noff_policy_correction: {correction}\n"


def score(options: argparse.Namespace) -> None:
    """Gold at the end over seeds."""
    rows: list[dict[str, str]] = []
    cases = [(int(level), "none", False) for level in filter(None, options.levels.split(","))] + [
        (int(level), correction, weighting) for level in filter(None, options.corrected.split(","))
        for correction, weighting in [("importance", False), ("dppo_mask", False), ("none", True)]]
    with tempfile.TemporaryDirectory() as folder:
        root = place(folder)
        for level, correction, weighting in cases:
            file = root / "arenas/quickstart.yaml"
            file.write_text(quickstart(level, correction, weighting))
            reports = [run(options.agon, str(file), int(seed), 2)[0] for seed in options.seeds.split(",")]
            learners = [[s["agent"] for s in r["standings"] if s["role"] == "learner"] for r in reports]
            last = [[p[1]["value"] * 100 for name in names if (p := ends(r, name, "gold_sampled"))] for r, names in zip(reports, learners)]
            kls = [u["metrics"]["off_policy/kl"] for r in reports for u in r["updates"] if "off_policy/kl" in u["metrics"]]
            samples = [s for r in reports for s in r.get("samples") or []]
            rows.append({
                "max_off_policy_steps = async_level": str(level) if level else "sequential",
                "correction": "use_weighting" if weighting else correction,
                "gold at the end, sampled (%): mean over seeds": mean([statistics.fmean(values) for values in last]),
                "least of all learners": f"{min(min(values) for values in last):.1f}",
                "oldest trained on": str(max([s["oldestTrained"] for s in samples], default=0)),
                "masked (% of samples)": f"{100 * sum(s['masked'] for s in samples) / max(1, sum(s['produced'] for s in samples)):.1f}",
                "off_policy/kl, mean": f"{statistics.fmean(kls):.4f}" if kls else "–"})
            print(rows[-1], file=sys.stderr, flush=True)
    print(table(rows) + "\n", flush=True)


def main() -> None:
    """Arguments and parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="crashes, speed, score; without them all")
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--levels", default="0,1,2,4,8,16", help="score: rounds ahead; 0 is sequential")
    parser.add_argument("--corrected", default="8", help="score: rounds ahead with each correction")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--agon", default=str(ROOT / ".build/release/agon"))
    parser.add_argument("--bench", default=str(ROOT / "Benchmarks/.build/release/async-bench"))
    options = parser.parse_args()
    parts = {"crashes": crashes, "speed": speed, "score": score}
    for name in options.parts or parts:
        if name not in parts:
            parser.error(f"{name} is none of {', '.join(parts)}")
        parts[name](options)


if __name__ == "__main__":
    main()
