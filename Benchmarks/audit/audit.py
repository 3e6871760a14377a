"""Whether audits accept what is honest and reject what is not, and how fast they are, on what the shipped arenas train.

    python3 Benchmarks/audit/audit.py [--tool .build/release/agon] [--bench Benchmarks/.build/release/audit-bench]
        [--count 2000] [--rooms 40] [--repeats 5] [--threads 2]

Plays the quickstart and tic-tac-toe in temporary databases and audits all of both: what is rejected there is rejected
falsely. Then forges rollouts of the quickstart's last version in every way that needs a model, and rows of copies of the
database in every way that needs none. Prints Markdown.
"""
import argparse
import json
import os
import random
import shutil
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(tool, *words, codes=(0,)):
    """A command's output as JSON, and the seconds that it took."""
    start = time.perf_counter()
    done = subprocess.run([tool, *map(str, words)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode not in codes: sys.exit(f"{tool} {words[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout), time.perf_counter() - start


def honest(tool, folder, threads):
    """Whole runs of the shipped arenas: what they generated, what an audit says, and the time of both."""
    rows = []
    for arena in ("quickstart", "tic-tac-toe"):
        report, _ = run(tool, "run", arena, "--db", f"{folder}/arena.sqlite", "--threads", threads, "--json")
        audit, seconds = run(tool, "audit", arena, "--db", f"{folder}/arena.sqlite", "--threads", threads, "--json", codes=(0, 1))
        generating = report["timings"]["rollouts"]
        rows.append([
            arena, f"{audit['roomCount']:,}", f"{audit['rolloutCount']:,}", f"{audit['tokenCount']:,}", len(audit["rejections"]),
            f"{generating:.1f}", f"{seconds:.1f}"])
    return rows


def contexts(path, rooms):
    """The token ids before the answers of the last round's learners."""
    base = sqlite3.connect(path)
    found = []
    for tokens, own, count in base.execute(
            "SELECT tokens, own, token_count FROM rollouts JOIN rooms ON rooms.id = room_id WHERE tokens IS NOT NULL AND round = "
            "(SELECT max(round) FROM rooms) AND own_count > 0 ORDER BY room_id, seat LIMIT ?", (rooms,)):
        first = next(place for place in range(count) if own[place // 8] >> place % 8 & 1)
        found.append(list(struct.unpack(f"<{first}i", tokens[: 4 * first])))
    return found


def last_versions(folder, agent):
    """The folders of an agent's checkpoints of the quickstart, oldest first."""
    run_folder = next(path for path in Path(folder, "versions").iterdir() if path.name.startswith("quickstart"))
    return sorted(str(path) for path in (run_folder / agent).iterdir())


def exchange(base, columns, table, key, one, other):
    """Two rows' values exchanged."""
    read = f"SELECT {', '.join(columns)} FROM {table} WHERE {key}"
    left, right = (base.execute(read, place).fetchone() for place in (one, other))
    for place, values in ((one, right), (other, left)):
        base.execute(f"UPDATE {table} SET {', '.join(f'{column} = ?' for column in columns)} WHERE {key}", (*values, *place))


ROLLOUT = ["text", "token_count", "own_count", "tokens", "own", "log_probs", "finish", "forfeit", "gold"]


def tampered(base, attack, rooms, generator):
    """Changes some rooms; returns the keys of those that are not what they were."""
    touched = set()
    for room in rooms:
        seats = [row[0] for row in base.execute("SELECT seat FROM rollouts WHERE room_id = ? AND tokens IS NOT NULL ORDER BY seat", (room,))]
        seat = generator.choice(seats)
        whole = lambda: (base.execute("SELECT prompt, reference FROM rooms WHERE id = ?", (room,)).fetchall(), base.execute(f"SELECT {', '.join(ROLLOUT)} FROM rollouts WHERE room_id = ?", (room,)).fetchall(), base.execute("SELECT verdict FROM verdicts WHERE room_id = ?", (room,)).fetchall())
        before = whole()
        if attack == "prompt of another room": exchange(base, ["prompt_id", "prompt", "reference"], "rooms", "id = ?", (room,), (room + 1,))
        elif attack == "rollouts of two rooms exchanged": exchange(base, ROLLOUT, "rollouts", "room_id = ? AND seat = ?", (room, seat), (room + 1, seat))
        elif attack == "copy of a peer in the room":
            peer = generator.choice([other for other in seats if other != seat])
            values = base.execute(f"SELECT {', '.join(ROLLOUT)} FROM rollouts WHERE room_id = ? AND seat = ?", (room, peer)).fetchone()
            base.execute(f"UPDATE rollouts SET {', '.join(f'{column} = ?' for column in ROLLOUT)} WHERE room_id = ? AND seat = ?", (*values, room, seat))
        elif attack == "null row": base.execute("UPDATE rollouts SET tokens = NULL, own = NULL, token_count = NULL, own_count = NULL WHERE room_id = ? AND seat = ?", (room, seat))
        elif attack == "room taken away":
            for table in ("matches", "verdicts", "rollouts"): base.execute(f"DELETE FROM {table} WHERE room_id = ?", (room,))
            base.execute("DELETE FROM rooms WHERE id = ?", (room,))
        elif attack == "extra room":
            base.execute("INSERT INTO rooms (run_id, round, room, room_group, prompt_id, prompt, reference, is_canary, judge, judge_version, is_scored) SELECT run_id, round, room + 10000, room_group, prompt_id, prompt, reference, is_canary, judge, judge_version, is_scored FROM rooms WHERE id = ?", (room,))
        elif attack == "gold of one's own": base.execute("UPDATE rollouts SET gold = 1 WHERE room_id = ? AND seat = ?", (room, seat))
        elif attack == "verdict turned": base.execute("UPDATE verdicts SET verdict = iif(verdict = 'first', 'second', 'first') WHERE room_id = ? AND position = 0", (room,))
        if attack in ("room taken away", "extra room") or whole() != before: touched.add(room)
    return touched


ATTACKS = [
    "prompt of another room", "rollouts of two rooms exchanged", "copy of a peer in the room", "null row", "room taken away",
    "extra room", "gold of one's own", "verdict turned"]


def rows_forged(tool, folder, count, threads):
    """Each attack on a copy of the quickstart's database: changed rooms, and how many of them an audit names."""
    table = []
    for attack in ATTACKS:
        copy = f"{folder}/copy"
        shutil.rmtree(copy, ignore_errors=True)
        os.makedirs(copy)
        os.symlink(f"{folder}/versions", f"{copy}/versions")
        source = sqlite3.connect(f"{folder}/arena.sqlite")
        base = sqlite3.connect(f"{copy}/arena.sqlite")
        source.backup(base)
        generator = random.Random(attack)
        key, last = base.execute("SELECT runs.id, max(round) FROM runs JOIN rounds ON run_id = runs.id WHERE arena = 'quickstart'").fetchone()
        places = {row[0]: row[1:] for row in base.execute("SELECT id, round, room FROM rooms WHERE run_id = ? AND round = ?", (key, last))}
        keys = sorted(places)[:-1:2]
        touched = tampered(base, attack, generator.sample(keys, min(count, len(keys))), generator)
        base.commit()
        base.close()
        audit, _ = run(tool, "audit", "quickstart", "--rounds", last, "--db", f"{copy}/arena.sqlite", "--threads", threads, "--json", codes=(0, 1))
        named = {rejection["room"] % 10000 for rejection in audit["rejections"]}
        wanted = {places[room][1] for room in touched}
        pairs = attack in ("prompt of another room", "rollouts of two rooms exchanged")
        beside = {room + 1 for room in wanted} if pairs else set()
        checks = sorted({rejection["check"] for rejection in audit["rejections"]})
        table.append([attack, len(wanted), len(wanted & named), len(named - wanted - beside), ", ".join(checks)])
    return table


def markdown(headings, rows):
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in [headings, ["---"] * len(headings), *rows])


def speed(report, name):
    """Tokens a second of both, medians over the repeats."""
    times = report["speed"]
    generate, check, alone = (statistics.median(times[key]) for key in ("generateSeconds", "checkSeconds", "aloneSeconds"))
    checked, batched, single = times["tokenCount"] / check, times["tokenCount"] / generate, times["aloneTokenCount"] / alone
    return [name, f"{times['parameterCount']:,}", f"{single:,.0f}", f"{batched:,.0f}", f"{checked:,.0f}", f"{checked / single:.1f}", f"{checked / batched:.1f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", default=str(ROOT / ".build/release/agon"))
    parser.add_argument("--bench", default=str(ROOT / "Benchmarks/.build/release/audit-bench"))
    parser.add_argument("--count", type=int, default=2000, help="rollouts an attack; 10,000 honest ones for every 2,500")
    parser.add_argument("--rooms", type=int, default=40, help="rooms that are tampered with in each copy of the database")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("### Whole runs\n")
        print(markdown(["arena", "rooms", "rollouts", "tokens", "rejected", "rollouts took (s)", "audit took (s)"], honest(options.tool, folder, options.threads)), flush=True)
        prompts = f"{folder}/contexts.json"
        Path(prompts).write_text(json.dumps(contexts(f"{folder}/arena.sqlite", 500)))
        ada, basho = last_versions(folder, "ada"), last_versions(folder, "basho")
        report, _ = run(options.bench, prompts, ada[-1], ada[-2], basho[-1], options.count, 8, options.threads, options.repeats)
        print(f"\n### Forged rollouts, kernels {report['kernels']}, greatest honest |Δ log p| {report['honestMaximum']}\n")
        print(markdown(
            ["attack", "rollouts", "forged", "rejected of these", "rejected of the others", "by check"],
            [[row["attack"], row["count"], row["forged"], row["rejected"], row["falselyRejected"], ", ".join(f"{k} {v}" for k, v in sorted(row["byCheck"].items()))] for row in report["rows"]]), flush=True)
        print("\n### Forged rows\n")
        print(markdown(["attack", "rooms", "rejected of these", "others rejected", "by check"], rows_forged(options.tool, folder, options.rooms, options.threads)), flush=True)
        rows = [speed(report, "ada of the quickstart, answers of a few tokens")]
        for name, layers, size, limit in (("4 layers of 256", 4, 256, 128), ("6 layers of 512", 6, 512, 128)):
            made = large(options.tool, folder, layers, size)
            Path(prompts).write_text(json.dumps([[1 + index % 8, 3, 2] for index in range(64)]))
            rows.append(speed(run(options.bench, prompts, made, made, made, 64, limit, options.threads, options.repeats)[0], f"{name}, 64 answers of up to {limit}"))
        print("\n### Speed\n")
        print(markdown(["model", "parameters", "generated one by one (tokens/s)", "generated in batches of 64 (tokens/s)", "checked (tokens/s)", "ratio to one by one", "ratio to batches"], rows))


def large(tool, folder, layers, size):
    """A model of a size, barely trained."""
    project = f"{folder}/model-{size}"
    os.makedirs(f"{project}/pretraining")
    Path(f"{project}/pretraining/base.yaml").write_text(
        f"output: ../model\ntask: sort-digits\nright: 0.9\nmodel: {{hidden_size: {size}, num_hidden_layers: {layers}, num_attention_heads: 8, num_key_value_heads: 8, "
        f"intermediate_size: {3 * size}, max_position_embeddings: 256}}\nsteps: 2\nbatch_size: 16\nlearning_rate: 1.0e-4\nseed: 11\n")
    subprocess.run([tool, "pretrain", "pretraining/base.yaml", "--quiet"], cwd=project, check=True, stdout=subprocess.DEVNULL)
    return f"{project}/model"


if __name__ == "__main__":
    main()
