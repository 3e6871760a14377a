"""Decoding, start-up and DPO steps of agon's engine against Hugging Face and PyTorch, by turns in the same run.

    python3 Benchmarks/engine/engine.py [--sizes S,M,L] [--threads 1,2] [--repeats 3] [--tool PATH]

Before: `swift build -c release --package-path Benchmarks --product engine-bench` and `pip install torch transformers`.
Random weights of three shapes are written to a temporary folder: S (1 M parameters), M (13 M) and L (SmolLM2-135M's).
Prints Markdown: medians, the range of agon's figure, and the ratio to the peer of the same number format.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import torch
    import transformers
except ImportError as error:
    sys.exit(f"engine.py: {error.name} is missing: pip install torch transformers")

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
ROOT = Path(__file__).resolve().parents[2]
SHAPES = {
    "S": dict(hidden_size=128, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=4, intermediate_size=352, vocab_size=512),
    "M": dict(hidden_size=384, num_hidden_layers=6, num_attention_heads=6, num_key_value_heads=6, intermediate_size=1024, vocab_size=4096),
    "L": dict(hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, intermediate_size=1536, vocab_size=49152),
}
PROMPT, NEW, BATCHES = 32, 64, (1, 8, 32, 128)
TORCH = {"fp32": torch.float32, "bf16": torch.bfloat16}


def token(sequence, index, vocabulary):
    """The tokens that engine-bench asks with."""
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


def timed(body):
    start = time.perf_counter()
    result = body()
    return time.perf_counter() - start, result


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def cell(seconds, tokens):
    rates = sorted(tokens / second for second in seconds)
    return f"{statistics.median(rates):,.0f} ({rates[0]:,.0f}–{rates[-1]:,.0f})"


def decode(model, batch, vocabulary):
    ids = torch.tensor([[token(s, i, vocabulary) for i in range(PROMPT)] for s in range(batch)])
    with torch.inference_mode():
        return model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, min_new_tokens=NEW, do_sample=False, eos_token_id=None, pad_token_id=0)


def decoding(tool, folder, name, threads, repeats):
    vocabulary = SHAPES[name]["vocab_size"]
    peers = {format: transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=kind).eval() for format, kind in TORCH.items()}
    ours = {format: Agon(tool, folder, format, threads) for format in ("fp32", "bf16", "int8")}
    for batch in BATCHES:
        line = f"decode {batch} {PROMPT} {NEW}"
        theirs, mine, same = {format: [] for format in peers}, {format: [] for format in ours}, None
        for repeat in range(repeats + 1):
            for format, agon in ours.items():
                answer = agon.ask(line)
                if repeat: mine[format].append(answer["seconds"])
                if format == "fp32": last = answer["last"]
            for format, peer in peers.items():
                if name == "L" and batch >= 32 and repeat > 1: continue
                second, output = timed(lambda: decode(peer, batch, vocabulary))
                if repeat: theirs[format].append(second)
                if format == "fp32": same = sum(a == b for a, b in zip(last, output[:, -1].tolist()))
        ratio = {format: statistics.median(theirs["bf16" if format == "int8" else format]) / statistics.median(mine[format]) for format in ours}
        row(name, threads, batch, *(f"{cell(mine[format], batch * NEW)}, {ratio[format]:.1f}×" for format in ours),
            *(cell(theirs[format], batch * NEW) for format in peers), f"{same} of {batch}")
    for agon in ours.values(): agon.close()


def startup(tool, folder, name, threads, repeats):
    """A fresh process each time: until the model is loaded and one token has followed the prompt."""
    script = ("import sys,time;s=time.perf_counter();import torch,transformers;torch.set_num_threads(int(sys.argv[2]));i=time.perf_counter();"
              "m=transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1],dtype=torch.float32).eval();"
              f"m.generate(torch.tensor([list(range(3,{3 + PROMPT}))]),max_new_tokens=1,do_sample=False,pad_token_id=0);e=time.perf_counter();print(e-i,e-s)")
    mine, theirs, whole = [], [], []
    for _ in range(repeats):
        agon = Agon(tool, folder, "fp32", threads)
        mine.append(agon.ask(f"first {PROMPT}")["seconds"])
        agon.close()
        output = subprocess.run([sys.executable, "-c", script, folder, str(threads)], capture_output=True, text=True, check=True,
                                env={**os.environ, "TRANSFORMERS_VERBOSITY": "error"}).stdout.split()
        theirs.append(float(output[-2]))
        whole.append(float(output[-1]))
    median = statistics.median
    row(name, threads, f"{median(mine):.3f} ({min(mine):.3f}–{max(mine):.3f})", f"{median(theirs):.2f}", f"{median(whole):.2f}",
        f"{median(mine) / median(theirs):.2f}×")


def log_probs(model, ids, prompt):
    logits = model(ids, logits_to_keep=ids.shape[1] - prompt + 1).logits[:, :-1].float()
    return torch.gather(logits.log_softmax(-1), 2, ids[:, prompt:].unsqueeze(-1)).sum((1, 2))


def step(folder, name, format, pairs, prompt, completion, repeats):
    """Seconds of DPO steps in eager PyTorch: reference and policy on all sequences, AdamW; bf16 is autocast."""
    vocabulary = SHAPES[name]["vocab_size"]
    policy = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    reference = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    optimiser = torch.optim.AdamW(policy.parameters(), lr=1e-4, weight_decay=0, fused=True)
    rows = [[token(3 * p, i, vocabulary) for i in range(prompt)] + [token(3 * p + side, i, vocabulary) for i in range(completion)]
            for side in (1, 2) for p in range(pairs)]
    ids = torch.tensor(rows)

    def once():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=format == "bf16"):
            with torch.no_grad(): base = log_probs(reference, ids, prompt)
            ratio = log_probs(policy, ids, prompt) - base
        loss = -torch.nn.functional.logsigmoid(0.1 * (ratio[:pairs] - ratio[pairs:])).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()

    once()
    return [timed(once)[0] for _ in range(repeats)]


def steps(tool, folder, name, threads, repeats):
    pairs, length = 8, 64 if name == "L" else 32
    for format in TORCH:
        mine = {}
        for mode in ("full", "cached"):
            agon = Agon(tool, folder, format, threads)
            mine[mode] = agon.ask(f"step {pairs} {length} {length} {mode}")
            agon.close()
        theirs = step(folder, name, format, pairs, length, length, 1 if name == "L" else repeats)
        median = statistics.median(theirs)
        row(name, threads, format, *(f"{value['seconds'] * 1000:,.0f} ({value['least'] * 1000:,.0f}–{value['most'] * 1000:,.0f}), {median / value['seconds']:.1f}×"
                                     for value in mine.values()), f"{median * 1000:,.0f}")


def table(title, *heads):
    print(f"\n{title}\n")
    row(*heads)
    row(*["---"] * len(heads))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=ROOT / "Benchmarks/.build/release/engine-bench")
    parser.add_argument("--sizes", default="S,M,L")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if not Path(options.tool).exists():
        sys.exit("engine.py: build the tool first: swift build -c release --package-path Benchmarks --product engine-bench")
    torch.manual_seed(0)
    sizes, threads = options.sizes.split(","), [int(count) for count in options.threads.split(",")]
    with tempfile.TemporaryDirectory() as root:
        for name in sizes:
            config = transformers.LlamaConfig(**SHAPES[name], max_position_embeddings=512, tie_word_embeddings=True)
            transformers.LlamaForCausalLM(config).save_pretrained(f"{root}/{name}")

        def everywhere(measure):
            for count in threads:
                torch.set_num_threads(count)
                for name in sizes: measure(str(options.tool), f"{root}/{name}", name, count, options.repeats)

        print(f"torch {torch.__version__}, transformers {transformers.__version__}")
        table(f"Decoding {NEW} tokens after {PROMPT}, tokens a second of all sequences: agon against generate of the same format (int8 against bf16)",
              "size", "threads", "batch", "agon fp32", "agon bf16", "agon int8", "generate fp32", "generate bf16", "same last token, fp32")
        everywhere(decoding)
        table("From nothing to the first token, seconds", "size", "threads", "agon", "from_pretrained and generate", "with the imports", "agon's share")
        everywhere(startup)
        table("One DPO step of 8 pairs, milliseconds: agon with the shared prompt computed once, against eager PyTorch (bf16: autocast)",
              "size", "threads", "products", "agon, reference in the step", "agon, reference kept", "PyTorch")
        everywhere(steps)


if __name__ == "__main__":
    main()
