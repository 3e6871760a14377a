"""TrueSkill beliefs after rooms 0, 19, 20 and 79 of openskill_rooms.csv, with exact normal functions.

    python3 Tests/AgonRatingsTests/Fixtures/exact_trueskill.py > Tests/AgonRatingsTests/Fixtures/trueskill_exact.json

Before: `pip install trueskill==0.4.5`. The package's own cdf is an approximation with a relative error of 1e-7, which
eighty rooms carry into the fifth digit; here it gets Python's erfc and inverse cdf instead.
"""
import csv
import json
import math
import statistics
from pathlib import Path

import trueskill

normal = statistics.NormalDist()
environment = trueskill.TrueSkill(backend=(
    lambda x: math.erfc(-x / math.sqrt(2)) / 2, lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi), normal.inv_cdf))
beliefs = [environment.create_rating() for _ in range(10)]
snapshots = []
for row in csv.DictReader((Path(__file__).parent / "openskill_rooms.csv").open()):
    players = [int(name[1:]) for name in row["players"].split()]
    rated = environment.rate([(beliefs[p],) for p in players], ranks=[int(rank) for rank in row["ranks"].split()])
    for player, (belief,) in zip(players, rated):
        beliefs[player] = belief
    if int(row["room"]) in (0, 19, 20, 79):
        snapshots.append([int(row["room"]), [[belief.mu, belief.sigma] for belief in beliefs]])
print(json.dumps({"versions": {"trueskill": "0.4.5"}, "snapshots": snapshots}, indent=1))
