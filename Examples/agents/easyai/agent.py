import json, sys
from easyAI import AI_Player, Negamax
from easyAI.games.ConnectFour import ConnectFour
from easyAI.games.TicTacToe import TicTacToe

GAMES = {"tic-tac-toe": (TicTacToe, 0, 9), "connect-four": (ConnectFour, 1, 5)}  # class, its first move below ours, depth

for line in sys.stdin:
    message = json.loads(line)
    if "agon" in message:
        kind, shift, depth = GAMES[message["game"]]
        reply = {"agon": 1}
    else:
        players = [AI_Player(Negamax(depth)), AI_Player(Negamax(depth))]
        game = kind(players)
        for move in message["prompt"] + "".join(turn["text"] for turn in message["turns"]):
            game.play_move(int(move) - shift)
        reply = {"id": message["id"], "text": str(int(game.get_move()) + shift)}
    print(json.dumps(reply), flush=True)
