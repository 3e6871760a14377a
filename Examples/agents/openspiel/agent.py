import json, sys
import numpy, pyspiel
from open_spiel.python.algorithms import mcts

for line in sys.stdin:
    message = json.loads(line)
    if "agon" in message:
        game = pyspiel.load_game(message["game"].replace("-", "_"))
        reply = {"agon": 1}
    else:
        state = game.new_initial_state()
        for move in message["prompt"] + "".join(turn["text"] for turn in message["turns"]):
            state.apply_action(int(move) - 1)
        chance = numpy.random.RandomState(message["seed"] % 2**32)
        evaluator = mcts.RandomRolloutEvaluator(1, chance)
        bot = mcts.MCTSBot(game, uct_c=2, max_simulations=200, evaluator=evaluator, solve=True, random_state=chance)
        reply = {"id": message["id"], "text": str(bot.step(state) + 1)}
    print(json.dumps(reply), flush=True)
