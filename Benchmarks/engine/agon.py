"""What the parts of engine.py share: the shapes, agon's side, and how tables look."""
import json
import statistics
import subprocess
import sys
import time

SHAPES = {
    "S": dict(hidden_size=128, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=4, intermediate_size=352, vocab_size=512),
    "M": dict(hidden_size=384, num_hidden_layers=6, num_attention_heads=6, num_key_value_heads=6, intermediate_size=1024, vocab_size=4096),
    "L": dict(hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, intermediate_size=1536, vocab_size=49152),
}


def token(sequence, index, vocabulary):
    """The tokens that engine-bench asks with: none of the first three."""
    return 3 + (sequence * 7919 + index * 104729) % (vocabulary - 3)


class Agon:
    """One engine-bench process: a line in, a measurement out."""

    def __init__(self, tool, folder, weights, threads):
        self.process = subprocess.Popen([tool, folder, weights, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"engine.py: engine-bench ended on `{line}`")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def asked(tool, folder, weights, threads, line):
    """One measurement by a process of its own."""
    agon = Agon(tool, folder, weights, threads)
    answer = agon.ask(line)
    agon.close()
    return answer


def timed(body):
    start = time.perf_counter()
    result = body()
    return time.perf_counter() - start, result


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def table(title, *heads):
    print(f"\n{title}\n")
    row(*heads)
    row(*["---"] * len(heads))


def rate(seconds, tokens):
    """Tokens a second: median and range."""
    rates = sorted(tokens / second for second in seconds)
    return f"{statistics.median(rates):,.0f} ({rates[0]:,.0f}–{rates[-1]:,.0f})"
