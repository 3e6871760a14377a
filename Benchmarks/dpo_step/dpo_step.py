"""Times one DPO step of agon's engine against PyTorch eager fp32: same model, same pairs, steps in turn.

Usage: python3 Benchmarks/dpo_step/dpo_step.py [--sizes S,M] [--threads 1,2] [--steps 11] [--engine PATH]
Needs PyTorch (`pip install torch`) and the engine (`swift build -c release --package-path Benchmarks`).
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

try:
    import torch
    from torch import Tensor
    from torch.nn import functional as F
except ImportError:
    sys.exit("PyTorch is missing: install it with `pip install torch`, or run this file with a python3 that has it.")

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAIRS, PROMPT, COMPLETION = 8, 32, 32
BETA, RATE = 0.1, 1e-4
TOLERANCE = 1e-4
Weights = dict[str, Tensor]
Pair = dict[str, dict[str, list[int]]]


class Size(NamedTuple):
    """A Llama-architecture model."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int


class Mode(NamedTuple):
    """What each side computes in a step."""

    title: str
    shares_prompt: bool  # else 16 sequences that have nothing in common, all tokens but the first trained
    engine_caches: bool  # reference log-probabilities once, instead of in every step
    torch_caches: bool  # the same, and logits of completion rows only


SIZES = {"S": Size(128, 4, 4, 344, 512), "M": Size(384, 6, 6, 1024, 4096)}
MODES = [
    Mode("same work", False, False, False),
    Mode("best against plain", True, True, False),
    Mode("best against cached reference and completion logits", True, True, True),
]


def weights(size: Size, seed: int) -> Weights:
    """Random weights under Hugging Face's names, embeddings tied."""
    generator = torch.Generator().manual_seed(seed)

    def matrix(rows: int, columns: int) -> Tensor:
        return torch.randn(rows, columns, generator=generator) * 0.02

    result = {"model.embed_tokens.weight": matrix(size.vocabulary, size.hidden)}
    shapes = {f"self_attn.{name}_proj": (size.hidden, size.hidden) for name in "qkvo"}
    shapes |= {f"mlp.{name}_proj": (size.inner, size.hidden) for name in ("gate", "up")}
    shapes["mlp.down_proj"] = (size.hidden, size.inner)
    for layer in range(size.layers):
        for name, shape in shapes.items():
            result[f"model.layers.{layer}.{name}.weight"] = matrix(*shape)
        for name in ("input_layernorm", "post_attention_layernorm"):
            result[f"model.layers.{layer}.{name}.weight"] = torch.ones(size.hidden)
    result["model.norm.weight"] = torch.ones(size.hidden)
    return result


def save(folder: str, size: Size, tensors: Weights) -> None:
    """A model folder: config.json and model.safetensors."""
    os.mkdir(folder)
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": size.hidden,
        "num_hidden_layers": size.layers, "num_attention_heads": size.heads, "num_key_value_heads": size.heads,
        "intermediate_size": size.inner, "vocab_size": size.vocabulary, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "tie_word_embeddings": True, "max_position_embeddings": 256}
    pathlib.Path(folder, "config.json").write_text(json.dumps(config))
    header: dict[str, Any] = {}
    blobs: list[bytes] = []
    end = 0
    for name, tensor in tensors.items():
        blobs.append(struct.pack(f"<{tensor.numel()}f", *tensor.flatten().tolist()))
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + len(blobs[-1])]}
        end += len(blobs[-1])
    text = json.dumps(header).encode()
    pathlib.Path(folder, "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def draw_pairs(size: Size, mode: Mode) -> list[Pair]:
    """Random pairs; every sequence has 64 tokens."""
    source = random.Random(7)

    def tokens(count: int) -> list[int]:
        return [source.randrange(3, size.vocabulary) for _ in range(count)]

    def side(prompt: list[int]) -> dict[str, list[int]]:
        return {"prompt": prompt, "completion": tokens(PROMPT + COMPLETION - len(prompt))}

    pairs: list[Pair] = []
    for index in range(PAIRS):
        prompt = tokens(PROMPT)
        chosen, rejected = (prompt, prompt) if mode.shares_prompt else ([3 + 2 * index], [4 + 2 * index])
        pairs.append({"chosen": side(chosen), "rejected": side(rejected)})
    return pairs


class Eager:
    """The step as one writes it in PyTorch: SDPA, fused AdamW, clipping at 1."""

    def __init__(self, size: Size, mode: Mode, policy: Weights, reference: Weights, pairs: list[Pair]) -> None:
        self.size, self.mode, self.reference = size, mode, reference
        self.policy = {name: tensor.clone().requires_grad_() for name, tensor in policy.items()}
        self.optimiser = torch.optim.AdamW(
            self.policy.values(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, fused=True)
        sides = [pair["chosen"] for pair in pairs] + [pair["rejected"] for pair in pairs]
        self.ids = torch.tensor([side["prompt"] + side["completion"] for side in sides])
        self.start = len(sides[0]["prompt"])
        length, size_of_head = self.ids.shape[1], size.hidden // size.heads
        frequencies = 10000.0 ** (-torch.arange(0, size_of_head, 2) / size_of_head)
        angles = torch.outer(torch.arange(length).float(), torch.cat([frequencies, frequencies]))
        self.cos, self.sin = angles.cos(), angles.sin()
        with torch.no_grad():
            self.cached = self.log_probs(reference) if mode.torch_caches else None

    def rotated(self, x: Tensor) -> Tensor:
        """Rotary position embedding of `[B, H, T, D]`."""
        left, right = x.chunk(2, dim=-1)
        return x * self.cos + torch.cat([-right, left], dim=-1) * self.sin

    def hidden(self, w: Weights) -> Tensor:
        """Normed rows `[B, T, C]`."""
        size, (batch, length) = self.size, self.ids.shape
        shape = (size.hidden,)
        x = F.embedding(self.ids, w["model.embed_tokens.weight"])
        for layer in range(size.layers):
            name = f"model.layers.{layer}."
            y = F.rms_norm(x, shape, w[name + "input_layernorm.weight"], 1e-5)
            q, k, v = (
                F.linear(y, w[f"{name}self_attn.{part}_proj.weight"]).view(batch, length, size.heads, -1).transpose(1, 2)
                for part in "qkv")
            y = F.scaled_dot_product_attention(self.rotated(q), self.rotated(k), v, is_causal=True)
            x = x + F.linear(y.transpose(1, 2).reshape(batch, length, -1), w[name + "self_attn.o_proj.weight"])
            y = F.rms_norm(x, shape, w[name + "post_attention_layernorm.weight"], 1e-5)
            gated = F.silu(F.linear(y, w[name + "mlp.gate_proj.weight"])) * F.linear(y, w[name + "mlp.up_proj.weight"])
            x = x + F.linear(gated, w[name + "mlp.down_proj.weight"])
        return F.rms_norm(x, shape, w["model.norm.weight"], 1e-5)

    def log_probs(self, w: Weights) -> Tensor:
        """Σ log p over each completion `[B]`."""
        rows = self.hidden(w)
        if self.mode.torch_caches:
            rows = rows[:, self.start - 1:]
        logits = F.linear(rows, w["model.embed_tokens.weight"])[:, :-1]
        logits = logits[:, logits.shape[1] - (self.ids.shape[1] - self.start):]
        chosen = logits.gather(-1, self.ids[:, self.start:, None])[..., 0]
        return (chosen - logits.logsumexp(-1)).sum(-1)

    def step(self) -> tuple[float, float]:
        """One optimiser step: loss and seconds."""
        start = time.perf_counter()
        if self.cached is None:
            with torch.no_grad():
                reference = self.log_probs(self.reference)
        else:
            reference = self.cached
        chosen, rejected = (self.log_probs(self.policy) - reference).chunk(2)
        loss = -F.logsigmoid(BETA * (chosen - rejected)).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.policy.values(), 1.0)
        self.optimiser.step()
        return loss.item(), time.perf_counter() - start


def engine_steps(command: list[str]) -> Iterator[dict[str, Any]]:
    """Loss, seconds and kernel path of agon's next step, whenever asked."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        while True:
            process.stdin.write("step\n")
            process.stdin.flush()
            yield json.loads(process.stdout.readline())


def compare(engine: str, name: str, mode: Mode, threads: int, steps: int) -> str:
    """One row of the table, or the end of the script where the losses disagree."""
    size = SIZES[name]
    torch.set_num_threads(threads)
    reference = weights(size, 1)
    noise = weights(size, 2)
    policy = {key: tensor + (0.2 * noise[key] if tensor.dim() == 2 else 0) for key, tensor in reference.items()}
    pairs = draw_pairs(size, mode)
    with tempfile.TemporaryDirectory() as folder:
        save(f"{folder}/policy", size, policy)
        save(f"{folder}/reference", size, reference)
        pathlib.Path(folder, "pairs.json").write_text(json.dumps(pairs))
        ours = engine_steps([
            engine, f"{folder}/policy", f"{folder}/reference", f"{folder}/pairs.json", str(threads),
            "cached" if mode.engine_caches else "fresh"])
        theirs = Eager(size, mode, policy, reference, pairs)
        worst = 0.0
        for number in range(1, 4):
            answer, (their, _) = next(ours), theirs.step()
            our = answer["loss"]
            worst = max(worst, abs(our - their))
            if not worst <= TOLERANCE:
                sys.exit(f"{name}, {mode.title}: in step {number} agon's loss is {our}, PyTorch's {their}.")
        times = [(next(ours)["seconds"], theirs.step()[1]) for _ in range(steps)]
        ours.close()
    ratio = statistics.median(their / our for our, their in times)
    cells = [name, mode.title, str(threads), answer["kernels"], spread([our for our, _ in times]), spread([their for _, their in times])]
    return "| " + " | ".join(cells + [f"{ratio:.2f}×", f"{worst:.0e}"]) + " |"


def spread(seconds: list[float]) -> str:
    """Median and range in milliseconds."""
    low, middle, high = (f(seconds) * 1000 for f in (min, statistics.median, max))
    return f"{middle:.1f} ({low:.1f}–{high:.1f})"


def main() -> None:
    """Arguments, rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="S,M")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--steps", type=int, default=11, help="timed steps of each side")
    parser.add_argument("--engine", default=str(ROOT / "Benchmarks/.build/release/dpo-step"))
    options = parser.parse_args()
    if not pathlib.Path(options.engine).exists():
        sys.exit(f"{options.engine} is not there: build it with `swift build -c release --package-path Benchmarks`.")
    print(f"PyTorch {torch.__version__} eager fp32; {PAIRS} pairs, {options.steps} steps of each side in turn; "
          "milliseconds, median (range)\n")
    print("| size | mode | threads | kernels | agon | PyTorch | PyTorch / agon, median of steps | loss differs by |")
    print("|---|---|---|---|---|---|---|---|")
    for name in options.sizes.split(","):
        for threads in options.threads.split(","):
            for mode in MODES:
                print(compare(options.engine, name, mode, int(threads), options.steps), flush=True)


if __name__ == "__main__":
    main()
