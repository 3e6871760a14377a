"""Ratings from battle logs: agon against evalica, arena-rank, openskill.py and trueskill.

    python3 Benchmarks/ratings/ratings.py [--tool PATH] [--part boards|online|bootstrap|coverage|sprt] [--repeats 3]
                                            [--size 1000000x200 …] [--without arena-rank]

Before: `swift build -c release --package-path Benchmarks --product ratings-bench`, and for the peers
`pip install evalica arena-rank openskill trueskill numpy`; what is not installed is left out. Prints Markdown.

Every program of `boards` is a process of its own that reads the same CSV and ends with ratings: wall seconds and peak
memory are the whole process's, medians of its runs, by turns.
"""
import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZES = [(battles, players) for battles in (10_000, 100_000, 1_000_000, 10_000_000) for players in (20, 200, 2000)]

EVALICA = """
import sys, evalica, csv
with open(sys.argv[1]) as file:
    rows = csv.reader(file); next(rows)
    left, right, winner = zip(*rows)
names = {"left": evalica.Winner.X, "right": evalica.Winner.Y, "tie": evalica.Winner.Draw}
scores = evalica.bradley_terry(left, right, [names[w] for w in winner]).scores
print(len(scores), scores.max())
"""

ARENA_RANK = """
import sys, pandas
from arena_rank.utils.data_utils import PairDataset
from arena_rank.models.bradley_terry import BradleyTerry
frame = pandas.read_csv(sys.argv[1]).rename(columns={"left": "model_a", "right": "model_b"})
frame["winner"] = frame["winner"].map({"left": "model_a", "right": "model_b", "tie": "tie"})
data = PairDataset.from_pandas(frame)
board = BradleyTerry(n_competitors=len(data.competitors)).compute_ratings_and_cis(data, significance_level=0.05)
print(len(board["ratings"]), max(board["ratings"]))
"""


def installed(name):
    return importlib.util.find_spec(name) is not None


def write_battles(path, battles, players):
    """A log whose players have normal strengths cut at ±2 nats, one battle in ten a tie."""
    import numpy
    generator = numpy.random.default_rng(7)
    strengths = numpy.clip(generator.normal(0, 1, players), -2, 2)
    names = numpy.array([f"model-{index:04d}" for index in range(players)])
    with open(path, "w") as file:
        file.write("left,right,winner\n")
        for start in range(0, battles, 1_000_000):
            count = min(1_000_000, battles - start)
            first = generator.integers(0, players, count)
            second = (first + 1 + generator.integers(0, players - 1, count)) % players
            share = 1 / (1 + numpy.exp(strengths[second] - strengths[first]))
            draw = generator.random(count)
            winner = numpy.where(draw < 0.9 * share, "left", numpy.where(draw < 0.9 * share + 0.1, "tie", "right"))
            file.write("\n".join(map(",".join, zip(names[first], names[second], winner))) + "\n")


def run(command, limit=80):
    """Wall seconds, peak memory in MiB and output of a process; None where it fails or takes too long."""
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.perf_counter() - start > limit:
                process.kill()
                os.wait4(process.pid, 0)
                return None
            time.sleep(0.0005)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return None if process.returncode else (wall, usage.ru_maxrss / 1024, output.read())


def boards(tool, repeats, sizes, without):
    programs = {"agon, intervals": [tool, "board"], "agon": [tool, "fit"]}
    if installed("evalica") and "evalica" not in without:
        programs["evalica (no intervals)"] = [sys.executable, "-c", EVALICA]
    if installed("arena_rank") and "arena-rank" not in without:
        programs["arena-rank, intervals"] = [sys.executable, "-c", ARENA_RANK]
    print("| battles × players | " + " | ".join(f"{name}: s, MiB" for name in programs)
          + " | evalica / agon with intervals: time, memory | arena-rank / agon: time, memory |")
    print("|---" * (len(programs) + 3) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for battles, players in sizes:
            path = f"{folder}/battles.csv"
            # In a process of its own: a child's peak memory begins at its parent's size.
            subprocess.run([sys.executable, __file__, "--write", path, str(battles), str(players)], check=True)
            results = {name: [] for name in programs}
            for turn in range(repeats):
                for name, command in programs.items():
                    # The slow peers run once at the large sizes.
                    if turn and not name.startswith("agon") and battles >= 1_000_000:
                        continue
                    results[name].append(run(command + [path]))
            medians = {}
            for name, values in results.items():
                if values and all(values):
                    medians[name] = (statistics.median(v[0] for v in values), statistics.median(v[1] for v in values))
            cells = [f"{medians[name][0]:.3f}, {medians[name][1]:.0f}" if name in medians else "failed or above 80 s" for name in programs]
            own = medians["agon, intervals"]
            for peer in ("evalica (no intervals)", "arena-rank, intervals"):
                other = medians.get(peer)
                cells.append(f"**{other[0] / own[0]:.1f}×**, {other[1] / own[1]:.1f}×" if other else "–")
            print(f"| {battles:,} × {players:,} | " + " | ".join(cells) + " |", flush=True)


def peer_rooms(name, seats):
    """Rooms a second of a Python package, over three seconds."""
    if name.startswith("openskill"):
        from openskill.models import BradleyTerryFull, PlackettLuce
        model = (PlackettLuce if name == "openskill" else BradleyTerryFull)()
        rate = lambda room: model.rate([[belief] for belief in room], ranks=list(range(seats)))  # noqa: E731
        beliefs = [model.rating() for _ in range(200)]
    else:
        import trueskill
        model = trueskill.TrueSkill()
        rate = lambda room: model.rate([(belief,) for belief in room], ranks=list(range(seats)))  # noqa: E731
        beliefs = [model.create_rating() for _ in range(200)]
    import random
    generator, count, start = random.Random(1), 0, time.perf_counter()
    while time.perf_counter() - start < 3:
        players = generator.sample(range(200), seats)
        for player, (belief,) in zip(players, rate([beliefs[player] for player in players])):
            beliefs[player] = belief
        count += 1
    return count / (time.perf_counter() - start)


def evalica_elo(games):
    import evalica
    import random
    generator = random.Random(1)
    left, right = [], []
    for _ in range(games):
        first, second = generator.sample(range(200), 2)
        left.append(str(first))
        right.append(str(second))
    winner = [evalica.Winner.X] * games
    start = time.perf_counter()
    evalica.elo(left, right, winner)
    return games / (time.perf_counter() - start)


def online(tool):
    def own(*arguments):
        return json.loads(subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, check=True).stdout)["perSecond"]

    print("| updates a second, 200 players, one thread | agon | peer | peer's | agon / peer |\n|---|---|---|---|---|")
    rows = [("Elo, games in memory", ("elo", 10_000_000, 200), "evalica", lambda: evalica_elo(1_000_000))]
    for title, command, module, peer in [
        ("Plackett–Luce", "openskill", "openskill", "openskill"), ("Bradley–Terry-full", "openskill-full", "openskill", "openskill-full"),
        ("TrueSkill", "trueskill", "trueskill", "trueskill"),
    ]:
        for seats in (2, 8):
            count = 30_000 if command == "trueskill" else 300_000
            rows.append((f"{title}, rooms of {seats}", (command, count, seats), module, lambda peer=peer, seats=seats: peer_rooms(peer, seats)))
    for title, arguments, module, peer in rows:
        mine = own(*arguments)
        other = peer() if installed(module) else None
        print(f"| {title} | {mine:,.0f} | {module} | " + (f"{other:,.0f} | **{mine / other:.0f}×** |" if other else "– | – |"), flush=True)


def main():
    if sys.argv[1:2] == ["--write"]:
        return write_battles(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", default=str(ROOT / "Benchmarks/.build/release/ratings-bench"))
    parser.add_argument("--part", choices=["boards", "online", "bootstrap", "coverage", "sprt"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--size", nargs="*", default=[f"{battles}x{players}" for battles, players in SIZES])
    parser.add_argument("--without", nargs="*", default=[])
    arguments = parser.parse_args()
    parts = [arguments.part] if arguments.part else ["boards", "online", "bootstrap", "coverage", "sprt"]
    if "boards" in parts:
        boards(arguments.tool, arguments.repeats, [tuple(map(int, size.split("x"))) for size in arguments.size], arguments.without)
    if "online" in parts:
        print()
        online(arguments.tool)
    for part, numbers in [("bootstrap", ["1000000", "200", "1000"]), ("coverage", ["1000"]), ("sprt", ["10000"])]:
        if part in parts:
            print(f"\n{part} {' '.join(numbers)}:", flush=True)
            subprocess.run([arguments.tool, part, *numbers], check=True)


if __name__ == "__main__":
    main()
