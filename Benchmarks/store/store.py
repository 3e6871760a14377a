"""The database at a size: how fast rooms are committed and how fast a large run is read, against Python's sqlite3.

    python3 Benchmarks/store/store.py [--tool PATH] [--rooms 1000000] [--wave 256] [--repeats 5] [--folder PATH]

Before: `swift build -c release --package-path Benchmarks --product store-bench`. Prints Markdown. The peer inserts the same
number of rows of the same sizes into the same tables, with the same pragmas and as many rooms a transaction, by prepared
statements and nothing else: no checks, no policies looked up. The database takes 0.6 GB for a million rooms.
"""
import argparse
import json
import os
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def peer(path, like, rooms, wave):
    """Rooms a second of plain inserts into the same tables."""
    source = sqlite3.connect(f"file:{like}?mode=ro", uri=True)
    tables = {name: sql for name, sql in source.execute("SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'grdb_%'")}
    one = {table: source.execute(f"SELECT * FROM {table} WHERE {key} = 1").fetchall() for table, key in [("rooms", "id"), ("rollouts", "room_id"), ("verdicts", "room_id")]}
    column = {table: [row[1] for row in source.execute(f"PRAGMA table_info({table})")] for table in one}
    base = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"): base.execute(f"PRAGMA {pragma}")
    for sql in tables.values(): base.execute(sql)
    for table in ("runs", "agents", "versions"):
        for row in source.execute(f"SELECT * FROM {table}").fetchall(): base.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    start = time.perf_counter()
    for first in range(1, rooms + 1, wave):
        base.execute("BEGIN")
        for room in range(first, min(first + wave, rooms + 1)):
            for table, rows in one.items():
                for row in rows:
                    values = dict(zip(column[table], row))
                    if table == "rooms": values.update(id=room, round=1 + (room - 1) // 500, room=(room - 1) % 500)
                    else: values["room_id"] = room
                    base.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(values))})", tuple(values.values()))
        base.execute("COMMIT")
    return rooms / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", default=str(ROOT / "Benchmarks/.build/release/store-bench"))
    parser.add_argument("--rooms", type=int, default=1_000_000)
    parser.add_argument("--wave", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", help="where the databases are made; a temporary folder where it is left out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        def ask(*arguments): return json.loads(subprocess.run([options.tool, *map(str, arguments)], check=True, capture_output=True, text=True).stdout)
        path = os.path.join(folder, "large.sqlite")
        filled = ask("fill", path, options.rooms, options.wave)
        small = {wave: ask("fill", os.path.join(folder, f"wave-{wave}.sqlite"), 20_000, wave) for wave in (1, 16, options.wave)}
        plain = peer(os.path.join(folder, "peer.sqlite"), path, 20_000, options.wave)
        read = ask("read", path, options.repeats)
    rooms = filled["rooms"]
    print(f"| rooms a transaction | rooms committed a second | Python's sqlite3, the rows alone |\n|---|---|---|")
    for wave, result in small.items():
        print(f"| {wave} | {result['rooms'] / result['save_seconds']:,.0f} | {f'{plain:,.0f}' if wave == options.wave else '–'} |")
    print(f"| {options.wave}, {rooms:,.0f} rooms | {rooms / filled['save_seconds']:,.0f} | – |")
    print(f"\nA room takes {filled['bytes'] / rooms:,.0f} bytes with its share of all tables. A round of 500 rooms is closed in {1000 * filled['first_close']:.1f} ms at the beginning and in {1000 * filled['last_close']:.1f} ms at the end.\n")
    print("| with that many rooms | milliseconds, median |\n|---|---|")
    for name, title in [("report", "everything that a report shows"), ("render", "all of its files rendered"), ("standings", "the standings view"), ("page_first", "a page of 50 rooms, first round"), ("page_middle", "middle"), ("page_last", "last"), ("round", "a round's 500 rooms with all they hold")]:
        print(f"| {title} | {1000 * read[name]:,.1f} |")


main()
