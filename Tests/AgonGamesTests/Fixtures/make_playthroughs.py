"""Writes playthroughs.tsv: tic-tac-toe solved by plain minimax over transcripts, no table, no bit sets."""
import functools
import random

ROWS = ["123", "456", "789", "147", "258", "369", "159", "357"]


def winner(transcript):
    for seat in (0, 1):
        if any(set(row) <= set(transcript[seat::2]) for row in ROWS):
            return seat
    return None


def legal(transcript):
    return [] if winner(transcript) is not None else [s for s in "123456789" if s not in transcript]


@functools.lru_cache(maxsize=None)
def solve(crosses, noughts):
    """(outcome for X, moves still to play): the winner hurries, the loser delays, a draw is a draw."""
    played = len(crosses) + len(noughts)
    for seat, squares in enumerate((crosses, noughts)):
        if any(set(row) <= squares for row in ROWS):
            return (1 - 2 * seat, 0)
    if played == 9:
        return (0, 0)
    return max(replies(crosses, noughts).values(), key=lambda result: preference(result, played % 2))


def replies(crosses, noughts):
    result = {}
    for square in "123456789":
        if square in crosses or square in noughts:
            continue
        if len(crosses) == len(noughts):
            outcome, plies = solve(crosses | {square}, noughts)
        else:
            outcome, plies = solve(crosses, noughts | {square})
        result[square] = (outcome, plies + 1)
    return result


def preference(result, seat):
    outcome, plies = result
    mine = outcome if seat == 0 else -outcome
    return (mine, -mine * plies)


def best(transcript):
    if not legal(transcript):
        return []
    options = replies(frozenset(transcript[0::2]), frozenset(transcript[1::2]))
    ranked = {square: preference(result, len(transcript) % 2) for square, result in options.items()}
    top = max(ranked.values())
    return [square for square in sorted(ranked) if ranked[square] == top]


def row(transcript):
    moves = legal(transcript)
    if moves:
        return [transcript, str(len(transcript) % 2), "".join(moves), "".join(best(transcript)), "-"]
    points = {0: "1 0", 1: "0 1", None: "0.5 0.5"}[winner(transcript)]
    return [transcript, "-", "-", "-", points]


rng = random.Random(20260501)
seen = {}
for _ in range(60):
    transcript = ""
    while True:
        seen[transcript] = row(transcript)
        moves = legal(transcript)
        if not moves:
            break
        transcript += rng.choice(moves if rng.random() < 0.6 else best(transcript))
with open("playthroughs.tsv", "w") as file:
    file.write("transcript\tseat\tlegal\tbest\tscores\n")
    for transcript in sorted(seen, key=lambda text: (len(text), text)):
        file.write("\t".join(seen[transcript]) + "\n")
