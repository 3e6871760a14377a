"""Writes poker.tsv: values and exploitabilities of Kuhn and Leduc poker by OpenSpiel 2.0.2 (`pip install open_spiel`).

The profiles are rules over a view as this project writes it ("Jpb", "JcrcKr"), so that both sides can follow them.
`weights` gives move i at a view v the weight 1 + (7 · (sum of the bytes of v) + 5 · i) mod 11.
"""
import re

import pyspiel
from open_spiel.python import policy
from open_spiel.python.algorithms import expected_game_score, exploitability


def view(name, text):
    if name == "kuhn_poker":
        return "JQK"[int(text[0])] + text[1:]
    card = lambda number: "JQK"[int(number) // 2]
    actions = lambda part: "".join("fcr"[int(a)] for a in part.split())
    table = re.search(r"\[Public: (\d+)\]", text)
    first, second = re.search(r"\[Round1: ([\d ]*)\]", text), re.search(r"\[Round2: ([\d ]*)\]", text)
    return (card(re.search(r"\[Private: (\d+)\]", text).group(1)) + actions(first.group(1))
            + (card(table.group(1)) if table else "") + (actions(second.group(1)) if second else ""))


class Weighted(policy.Policy):
    def action_probabilities(self, state, player_id=None):
        seen = view(self.game.get_type().short_name, state.information_state_string(state.current_player()))
        weights = [1 + (7 * sum(seen.encode()) + 5 * i) % 11 for i in range(len(state.legal_actions()))]
        return {a: w / sum(weights) for a, w in zip(state.legal_actions(), weights)}


with open("poker.tsv", "w") as file:
    file.write("game\tprofile\tvalue\texploitability\n")
    for name in ["kuhn_poker", "leduc_poker"]:
        game = pyspiel.load_game(name)
        profiles = {"random": policy.UniformRandomPolicy(game), "first_legal": policy.FirstActionPolicy(game),
                    "weights": Weighted(game, list(range(2)))}
        for label, profile in profiles.items():
            value = float(expected_game_score.policy_value(game.new_initial_state(), [profile] * 2)[0])
            file.write(f"{name.replace('_', '-')}\t{label}\t{value!r}\t{exploitability.exploitability(game, profile)!r}\n")
        solver = pyspiel.CFRPlusSolver(game)
        for _ in range(3000):
            solver.evaluate_and_update_policy()
        average = solver.tabular_average_policy()
        value = pyspiel.expected_returns(game.new_initial_state(), average, -1, True)[0]
        conv = pyspiel.nash_conv(game, average)
        file.write(f"{name.replace('_', '-')}\tcfr_plus_3000\t{value!r}\t{conv / 2!r}\n")
