"""DPO steps: agon against TRL's DPOTrainer, hand-written eager PyTorch and bf16 autocast, each in a process of its own."""
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from agon import SHAPES, asked, row, table, token

PAIRS, RANK = 8, 16
RANKS = [0, RANK]
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def length(name):
    """Tokens of a prompt, and of a completion."""
    return 64 if name == "L" else 32


def loaded(folder, rank):
    import peft
    import torch
    import transformers
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if not rank: return model, None
    return model, peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=MODULES, task_type="CAUSAL_LM")


def eager(folder, name, rank, format, steps):
    """Seconds of steps written by hand: reference and policy on all sequences, logits of completions alone, fused AdamW."""
    import peft
    import torch
    policy, lora = loaded(folder, rank)
    reference = loaded(folder, 0)[0].eval()
    if lora: policy = peft.get_peft_model(policy, lora)
    optimiser = torch.optim.AdamW([p for p in policy.parameters() if p.requires_grad], lr=1e-4, weight_decay=0, fused=True)
    vocabulary, n = SHAPES[name]["vocab_size"], length(name)
    ids = torch.tensor([[token(3 * p, i, vocabulary) for i in range(n)] + [token(3 * p + side, i, vocabulary) for i in range(n)]
                        for side in (1, 2) for p in range(PAIRS)])

    def log_probs(model):
        logits = model(ids, logits_to_keep=n + 1).logits[:, :-1].float()
        return torch.gather(logits.log_softmax(-1), 2, ids[:, n:].unsqueeze(-1)).sum((1, 2))

    times = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=format == "bf16"):
            with torch.no_grad(): base = log_probs(reference)
            ratio = log_probs(policy) - base
        loss = -torch.nn.functional.logsigmoid(0.1 * (ratio[:PAIRS] - ratio[PAIRS:])).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        times.append(time.perf_counter() - start)
    return times[1:]


def trl(folder, name, rank, format, steps):
    """Seconds of DPOTrainer's steps on pairs of the same lengths; a word is a token, the last one of a completion its end."""
    import datasets
    import tokenizers
    import transformers
    from trl import DPOConfig, DPOTrainer
    vocabulary, n = SHAPES[name]["vocab_size"], length(name)
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({name: i for i, name in enumerate(["<unk>", "<pad>", "<end>", *(f"w{i}" for i in range(3, vocabulary))])}, unk_token="<unk>"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<end>", pad_token="<pad>")

    def text(sequence, count):
        return " ".join(f"w{token(sequence, i, vocabulary)}" for i in range(count))

    pairs = [dict(prompt=text(3 * p, n), chosen=" " + text(3 * p + 1, n - 1), rejected=" " + text(3 * p + 2, n - 1)) for p in range(PAIRS)]
    times, lengths = [], set()

    class Clock(transformers.TrainerCallback):
        def on_step_begin(self, *_, **__): self.start = time.perf_counter()

        def on_step_end(self, *_, **__): times.append(time.perf_counter() - self.start)

    policy, lora = loaded(folder, rank)
    options = DPOConfig(
        output_dir=f"{folder}/trl", per_device_train_batch_size=PAIRS, max_steps=steps + 1, learning_rate=1e-4, beta=0.1, use_cpu=True,
        gradient_checkpointing=False, bf16=format == "bf16", report_to=[], logging_steps=1000, save_strategy="no", disable_tqdm=True, max_length=None)
    trainer = DPOTrainer(policy, args=options, train_dataset=datasets.Dataset.from_list(pairs * (steps + 1)), processing_class=tokenizer,
                         peft_config=lora, callbacks=[Clock()])
    for example in trainer.train_dataset: lengths.update(len(value) for key, value in example.items() if key.endswith("_ids"))
    if lengths != {n}: sys.exit(f"training.py: TRL's sequences have {lengths} tokens instead of {n}")
    trainer.train()
    return times[1:]


def measured(peer, folder, name, threads, rank, format, steps):
    output = subprocess.run([sys.executable, __file__, peer, folder, name, str(threads), str(rank), format, str(steps)],
                            capture_output=True, text=True, cwd=Path(__file__).parent)
    if output.returncode: sys.exit(f"engine.py: {peer} failed:\n{output.stderr[-2000:]}")
    return json.loads(output.stdout.splitlines()[-1])


def head():
    table(f"One DPO step of {PAIRS} pairs, milliseconds, and the peak memory of its process. agon computes a pair's prompt once; × is the peer's median to "
          "agon's with the reference kept. LoRA: rank 16, all linear layers",
          "size", "threads", "weights", "products", "agon, reference in the step", "agon, reference kept", "TRL DPOTrainer", "eager PyTorch",
          "memory (MiB): agon", "TRL", "agon / TRL")


def steps(tool, folder, name, threads, repeats):
    n = length(name)
    for rank in RANKS:
        for format in ("fp32", "bf16"):
            mine = {mode: asked(tool, folder, format, threads, f"step {PAIRS} {n} {n} {rank} {mode}") for mode in ("full", "cached")}
            count = max(2, repeats - 1) if name == "L" else 4 * repeats
            theirs = {peer: measured(peer, folder, name, threads, rank, format, count) for peer in ("trl", "eager")}
            best = mine["cached"]["seconds"]
            row(name, threads, f"LoRA {rank}" if rank else "all", format,
                *(f"{value['seconds'] * 1000:,.0f} ({value['least'] * 1000:,.0f}–{value['most'] * 1000:,.0f})" for value in mine.values()),
                *(f"{statistics.median(value['seconds']) * 1000:,.0f}, {statistics.median(value['seconds']) / best:.1f}×" for value in theirs.values()),
                f"{mine['cached']['peak_mib']:,}", f"{theirs['trl']['peak_mib']:,}", f"{mine['cached']['peak_mib'] / theirs['trl']['peak_mib']:.2f}×")


if __name__ == "__main__":
    import torch
    peer, folder, name, threads, rank, format, count = sys.argv[1:]
    torch.set_num_threads(int(threads))
    seconds = {"trl": trl, "eager": eager}[peer](folder, name, int(rank), format, int(count))
    print(json.dumps({"seconds": seconds, "peak_mib": int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024}))
