import json, random, sys


def answer(question):
    """In a game one of the legal moves by chance, to a prompt its digits in order."""
    chance = random.Random(question["seed"])
    if "moves" in question:
        return chance.choice(question["moves"])
    return "".join(sorted(c for c in question["prompt"] if c.isdigit()))


for line in sys.stdin:
    message = json.loads(line)
    if "agon" in message:
        reply = {"agon": 1}
    else:
        reply = {"id": message["id"], "text": answer(message)}
    print(json.dumps(reply), flush=True)
