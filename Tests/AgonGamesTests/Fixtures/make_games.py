"""Writes games.tsv: playthroughs of the built-in games by second, plainer rules, with the moves of their experts.

Everything is worked out from (opening, list of steps) again and again: no bit sets, no tables, no incremental state.
"""
import functools
import itertools
import random
from fractions import Fraction

ROWS = ["123", "456", "789", "147", "258", "369", "159", "357"]


def even(moves, chosen):
    return {move: Fraction(1, len(chosen)) for move in moves if move in chosen}


class ConnectFour:
    name, seats = "connect-four", 2

    def openings(self):
        return ["", "4", "17", "444", "123"]

    def grid(self, text):
        cells = {}
        for ply, column in enumerate(text):
            row = sum(1 for (c, _) in cells if c == int(column))
            cells[int(column), row] = ply % 2
        return cells

    def lines(self):
        for c, r in itertools.product(range(1, 8), range(6)):
            for dc, dr in [(1, 0), (0, 1), (1, 1), (1, -1)]:
                line = [(c + i * dc, r + i * dr) for i in range(4)]
                if all(1 <= x <= 7 and 0 <= y < 6 for x, y in line):
                    yield line

    def winner(self, cells):
        for line in self.lines():
            owners = {cells.get(place) for place in line}
            if len(owners) == 1 and owners != {None}:
                return owners.pop()
        return None

    def state(self, opening, steps):
        text = opening + "".join(m for step in steps for m in step)
        cells = self.grid(text)
        winner = self.winner(cells)
        full = len(cells) == 42
        legal = [] if winner is not None or full else [str(c) for c in range(1, 8) if (c, 5) not in cells]
        payoffs = None if legal else ([0, 0] if winner is None else [1 - 2 * winner, 2 * winner - 1])
        return ([len(text) % 2] if legal else []), {len(text) % 2: legal}, [text, text], payoffs

    def value(self, text, depth):
        """For the side to move; no pruning."""
        cells = self.grid(text)
        if self.winner(cells) is not None:
            return -(1000 + depth)
        if len(cells) == 42:
            return 0
        if depth == 0:
            threats = [set(), set()]
            for line in self.lines():
                owners = [cells.get(place) for place in line]
                for seat in (0, 1):
                    if owners.count(seat) == 3 and None in owners:
                        threats[seat].add(line[owners.index(None)])
            mover = len(text) % 2
            return len(threats[mover]) - len(threats[1 - mover])
        return max(-self.value(text + str(c), depth - 1) for c in range(1, 8) if (c, 5) not in cells)

    def expert(self, seat, view, legal):
        values = {move: -self.value(view + move, 3) for move in legal}
        return even(legal, [move for move in legal if values[move] == max(values.values())])


class Nim:
    name, seats = "nim", 2

    def openings(self):
        return ["357", "111", "122", "765", "343", "477"]

    def heaps(self, text):
        heaps = {letter: int(size) for letter, size in zip("abc", text[:3])}
        for letter, count in zip(text[3::2], text[4::2]):
            heaps[letter] -= int(count)
        return heaps

    def state(self, opening, steps):
        text = opening + "".join(m for step in steps for m in step)
        heaps, mover = self.heaps(text), len(steps) % 2
        legal = [f"{letter}{n}" for letter in "abc" for n in range(1, heaps[letter] + 1)]
        payoffs = None if legal else [2 * mover - 1, 1 - 2 * mover]
        return ([mover] if legal else []), {mover: legal}, [text, text], payoffs

    @functools.lru_cache(maxsize=None)
    def wins(self, a, b, c):
        """Whether the side to move wins, by trying everything."""
        heaps = (a, b, c)
        return any(
            not self.wins(*(heaps[:i] + (heaps[i] - n,) + heaps[i + 1:])) for i in range(3) for n in range(1, heaps[i] + 1)
        )

    def expert(self, seat, view, legal):
        best = [m for m in legal if not self.wins(*self.heaps(view + m).values())]
        return even(legal, best or legal)


class BidTicTacToe:
    name, seats = "bid-tac-toe", 2

    def openings(self):
        return ["4400", "3300", "5451", "3419", "4528", "4337"]

    def replay(self, opening, steps):
        board = {}
        chips = [int(opening[0]), int(opening[1])]
        for seat in (0, 1):
            if opening[2 + seat] != "0":
                board[opening[2 + seat]] = seat
        views, auctions, winner = ["X" + opening, "O" + opening], 0, None
        for step in steps:
            if winner is None:
                bids = [int(move) for move in step]
                winner = auctions % 2 if bids[0] == bids[1] else bids.index(max(bids))
                chips[winner] -= bids[winner]
                chips[1 - winner] += bids[winner]
                auctions += 1
                views = [views[0] + step[0] + step[1], views[1] + step[1] + step[0]]
            else:
                board[step[0]] = winner
                winner = None
                views = [view + step[0] for view in views]
        return board, chips, winner, views

    def state(self, opening, steps):
        board, chips, winner, views = self.replay(opening, steps)
        for seat in (0, 1):
            if any(all(board.get(square) == seat for square in row) for row in ROWS):
                return [], {}, views, [1 - 2 * seat, 2 * seat - 1]
        free = [square for square in "123456789" if square not in board]
        if not free:
            return [], {}, views, [0, 0]
        if winner is None:
            return [0, 1], {seat: [str(bid) for bid in range(chips[seat] + 1)] for seat in (0, 1)}, views, None
        return [winner], {winner: free}, views, None

    @functools.lru_cache(maxsize=None)
    def worth(self, crosses, noughts):
        if any(set(row) <= set(crosses) for row in ROWS):
            return Fraction(1)
        if any(set(row) <= set(noughts) for row in ROWS):
            return Fraction(-1)
        free = [square for square in "123456789" if square not in crosses + noughts]
        if not free:
            return Fraction(0)
        high = max(self.worth("".join(sorted(crosses + square)), noughts) for square in free)
        low = min(self.worth(crosses, "".join(sorted(noughts + square))) for square in free)
        return (high + low) / 2

    def expert_at(self, opening, steps, seat, legal):
        board, chips, winner, _ = self.replay(opening, steps)
        sides = ["".join(sorted(s for s in board if board[s] == side)) for side in (0, 1)]
        free = [square for square in "123456789" if square not in board]

        def marked(side, square):
            changed = list(sides)
            changed[side] = "".join(sorted(changed[side] + square))
            return self.worth(*changed) * (1 if seat == 0 else -1)

        own = {square: marked(seat, square) for square in free}
        if winner is not None:
            return even(legal, [square for square in free if own[square] == max(own.values())])
        loss = min(marked(1 - seat, square) for square in free)
        bid = min((max(own.values()) - loss) / 4 * sum(chips), Fraction(chips[seat]))
        whole = int(bid)
        return {str(whole): 1 - (bid - whole), str(whole + 1): bid - whole}


class Kuhn:
    name, seats = "kuhn-poker", 2

    def openings(self):
        return ["JQa", "JKb", "QJc", "QKt", "KJa", "KQb"]

    def state(self, opening, steps):
        said = "".join(m for step in steps for m in step)
        views = [opening[0] + said, opening[1] + said]
        high = 1 if "JQK".index(opening[0]) > "JQK".index(opening[1]) else -1
        ends = {"pp": high, "bb": 2 * high, "pbb": 2 * high, "bp": 1, "pbp": -1}
        if said in ends:
            return [], {}, views, [ends[said], -ends[said]]
        return [len(said) % 2], {len(said) % 2: ["p", "b"]}, views, None

    def expert(self, seat, view, legal):
        alpha = Fraction(1, 6)
        bets = {"J": alpha, "K": 3 * alpha, "Qpb": alpha + Fraction(1, 3), "Kpb": 1, "Jp": Fraction(1, 3), "Kp": 1,
                "Qb": Fraction(1, 3), "Kb": 1}
        bet = Fraction(bets.get(view, 0))
        return {"p": 1 - bet, "b": bet}


class Leduc:
    name, seats = "leduc-poker", 2

    def openings(self):
        return ["JqKa", "JjQb", "KkJt", "QKqa", "KQkc", "qJjd"]

    def state(self, opening, steps):
        said = "".join(m for step in steps for m in step)
        ranks = opening[:3].upper()
        stakes, raises, part, folder = [1, 1], 0, "", None
        parts = []
        for action in said:
            seat = len(part) % 2
            part += action
            if action == "f":
                folder = seat
            elif action == "r":
                stakes[seat] = stakes[1 - seat] + 2 * (1 + len(parts))
                raises += 1
            else:
                stakes[seat] = max(stakes)
                if len(part) >= 2:
                    parts.append(part)
                    part, raises = "", 0
        table = ranks[2] if parts else ""
        first, rest = (parts[0], "".join(parts[1:]) + part) if parts else (part, "")
        views = [ranks[seat] + first + table + rest for seat in (0, 1)]
        if folder is not None:
            loss = stakes[folder]
            return [], {}, views, [-loss, loss] if folder == 0 else [loss, -loss]
        if len(parts) == 2:
            strength = ["JQK".index(card) + (10 if card == ranks[2] else 0) for card in ranks[:2]]
            sign = (strength[0] > strength[1]) - (strength[0] < strength[1])
            return [], {}, views, [stakes[0] * sign, -stakes[0] * sign]
        seat = len(part) % 2
        legal = (["f"] if stakes[0] != stakes[1] else []) + ["c"] + (["r"] if raises < 2 else [])
        return [seat], {seat: legal}, views, None


class Dilemma:
    name, seats = "prisoners-dilemma", 2

    def openings(self):
        return ["05a", "07b", "14t", "10c"]

    def state(self, opening, steps):
        views = ["".join(a + b for a, b in steps), "".join(b + a for a, b in steps)]
        if len(steps) < int(opening[:2]):
            return [0, 1], {0: ["C", "D"], 1: ["C", "D"]}, views, None
        points = {("C", "C"): 3, ("D", "C"): 5, ("C", "D"): 0, ("D", "D"): 1}
        sums = [sum(points[tuple(step)] for step in steps), sum(points[tuple(step[::-1])] for step in steps)]
        return [], {}, views, [Fraction(total, len(steps)) for total in sums]

    def expert(self, seat, view, legal):
        return {view[-1]: Fraction(1)} if view else {"C": Fraction(1)}


class Negotiation:
    name, seats = "negotiation", 2

    def openings(self):
        return ["122204611", "113132550", "311134213", "212203142"]

    def state(self, opening, steps):
        said = [step[0] for step in steps]
        counts = [int(c) for c in opening[:3]]
        values = [[int(c) for c in opening[3:6]], [int(c) for c in opening[6:9]]]
        views = [opening[:3] + opening[3 + 3 * seat:6 + 3 * seat] + "".join(said) for seat in (0, 1)]
        if said and said[-1] in ("yes", "bye"):
            if said[-1] == "bye":
                return [], {}, views, [0, 0]
            kept = [int(c) for c in said[-2]]
            proposer = len(said) % 2
            worth = []
            for seat in (0, 1):
                share = kept if seat == proposer else [n - k for n, k in zip(counts, kept)]
                worth.append(sum(v * s for v, s in zip(values[seat], share)))
            return [], {}, views, worth
        seat = len(said) % 2
        if len(said) == 5:
            return [seat], {seat: ["yes", "bye"]}, views, None
        offers = ["".join(map(str, offer)) for offer in itertools.product(*(range(n + 1) for n in counts))]
        return [seat], {seat: offers + (["yes"] if said else [])}, views, None

    def expert(self, seat, view, legal):
        counts, values = [int(c) for c in view[:3]], [int(c) for c in view[3:6]]
        said = [view[i:i + 3] for i in range(6, len(view), 3)]
        demand = [9, 8, 7, 6, 5, 1][len(said)]
        if said:
            share = [n - int(k) for n, k in zip(counts, said[-1])]
            if sum(v * s for v, s in zip(values, share)) >= demand:
                return {"yes": Fraction(1)}
        asks = []
        for move in legal:
            if move.isdigit():
                worth = sum(v * int(k) for v, k in zip(values, move))
                if worth >= demand:
                    asks.append(((worth, sum(map(int, move))), move))
        if not asks:
            return {"bye": Fraction(1)}
        return even(legal, [move for cost, move in asks if cost == min(asks)[0]])


class LiarsDice:
    name, seats = "liars-dice", 3
    bids = [f"{count}{face}" for count in (1, 2, 3) for face in range(1, 7)]

    def openings(self):
        return ["426a", "111b", "333t", "652c", "135d"]

    def state(self, opening, steps):
        said = [step[0] for step in steps]
        views = [opening[seat] + "".join(said) for seat in range(3)]
        if said and said[-1] == "!!":
            count, face = said[-2]
            loser = (len(said) - 1) % 3 if opening[:3].count(face) >= int(count) else (len(said) - 2) % 3
            return [], {}, views, [-1 if seat == loser else Fraction(1, 2) for seat in range(3)]
        higher = [bid for bid in self.bids if not said or bid > said[-1]]
        seat = len(said) % 3
        return [seat], {seat: higher + (["!!"] if said else [])}, views, None

    def chance(self, bid, die):
        """By listing the other two dice."""
        hits = sum(1 for a in "123456" for b in "123456" if (die + a + b).count(bid[1]) >= int(bid[0]))
        return Fraction(hits, 36)

    def expert(self, seat, view, legal):
        chances = {move: 1 - self.chance(view[-2:], view[0]) if move == "!!" else self.chance(move, view[0]) for move in legal}
        return even(legal, [move for move in legal if chances[move] == max(chances.values())])


def number(value):
    return repr(float(value)) if Fraction(value).denominator > 1 else str(int(value))


def main():
    rng = random.Random(20261125)
    with open("games.tsv", "w") as file:
        file.write("game\topening\ttranscript\tseats\tviews\tlegal\texpert\tpayoffs\n")
        for game in [ConnectFour(), Nim(), BidTicTacToe(), Kuhn(), Leduc(), Dilemma(), Negotiation(), LiarsDice()]:
            rows = {}
            repeats = {"connect-four": 1, "negotiation": 4, "liars-dice": 5, "prisoners-dilemma": 3}.get(game.name, 8)
            for opening in game.openings() * repeats:
                steps = []
                while True:
                    seats, legal, views, payoffs = game.state(opening, steps)
                    experts = {}
                    for seat in seats:
                        if hasattr(game, "expert_at"):
                            experts[seat] = game.expert_at(opening, steps, seat, legal[seat])
                        elif hasattr(game, "expert"):
                            experts[seat] = game.expert(seat, views[seat], legal[seat])
                    transcript = "".join(move for step in steps for move in step)
                    rows[opening, transcript] = [
                        game.name, opening, transcript, ",".join(map(str, seats)) or "-", "|".join(views),
                        "|".join(",".join(legal[seat]) for seat in seats) or "-",
                        "|".join(",".join(number(experts[seat].get(move, 0)) for move in legal[seat]) for seat in seats if seat in experts) or "-",
                        ",".join(number(value) for value in payoffs) if payoffs else "-",
                    ]
                    if not seats:
                        break
                    step = []
                    for seat in seats:
                        if seat in experts and rng.random() < 0.4:
                            chances = experts[seat]
                            step.append(rng.choices(list(chances), [float(c) for c in chances.values()])[0])
                        else:
                            step.append(rng.choice(legal[seat]))
                    steps.append(tuple(step))
            for row in rows.values():
                file.write("\t".join(row) + "\n")


main()
