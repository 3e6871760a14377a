"""Preference files: what Agon writes TRL trains on unchanged, and what TRL computes on a file Agon computes too.

    python3 Tests/Parity/pairs.py [--package FOLDER] [--keep FOLDER]

A round of the quickstart arena is played by the built `agon`, its pairs are exported in every format, loaded with
Hugging Face `datasets` and trained on by DPOTrainer and KTOTrainer for one step. Then files with texts and with
conversations are handed both to TRL's DPOTrainer and to `agon train --context trl`, on small random models whose
tokenizers merge letters: the log-probabilities and losses of the first step must be equal. A reward model that `agon judge train`
writes must give transformers the scores that it gives Agon.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import datasets
    import torch
    import transformers
    from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer
except ImportError as missing:
    print(f"skipped: {missing}; pip install torch transformers datasets trl")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
TOKENIZERS = ROOT / "Tests/AgonTransformerTests/Fixtures/tokenizers"
QUIET = dict(report_to=[], logging_steps=1, use_cpu=True, bf16=False, gradient_checkpointing=False, save_strategy="no",
             disable_tqdm=True, train_sampling_strategy="sequential", learning_rate=0.0)
TEMPLATE = ("{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
            "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")


def agon(package, folder, *arguments):
    """What `agon` prints, run in a folder."""
    binary = Path(package).resolve() / ".build/debug/agon"
    made = subprocess.run([str(binary), *map(str, arguments)], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, "AGON_KERNELS": os.environ.get("AGON_KERNELS", "portable")})
    if made.returncode:
        raise SystemExit(f"agon {' '.join(map(str, arguments))} ended with {made.returncode}: {made.stderr}")
    return made.stdout


def exports(package, work):
    """Plays, exports, loads, trains."""
    for name in ("agents", "judges", "arenas"):
        shutil.copytree(ROOT / name, work / name)
    arena = work / "arenas/quickstart.yaml"
    lines = ["rounds: 1" if line.startswith("rounds:") else line for line in arena.read_text().splitlines()]
    arena.write_text("\n".join(lines) + "\n")
    agon(package, work, "run", "quickstart", "--quiet")
    faults, counts = [], {}
    model = str(work / "agents/rookie/model")
    for name, kind in (("trl", "jsonl"), ("trl-conversational", "jsonl"), ("kto", "jsonl"), ("csv", "csv")):
        path = work / f"{name}.{kind}"
        summary = json.loads(agon(package, work, "pairs", "export", "--format", name, "--out", path, "--json"))
        # A table says no types: without a word a reader takes the text 046689 for a number and no text for nothing.
        texts = {}
        if kind == "csv":
            texts = dict(converters={column: str for column in ("prompt", "chosen", "rejected")}, keep_default_na=False)
        data = datasets.load_dataset("csv" if kind == "csv" else "json", data_files=str(path), split="train",
                                     cache_dir=str(work / "cache"), **texts)
        counts[name] = len(data)
        if len(data) != summary["lineCount"]:
            faults.append(f"{name}: datasets loads {len(data)} of {summary['lineCount']} lines")
        tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        if name == "trl-conversational":
            tokenizer.chat_template = "{% for message in messages %}{{ message.content }}{% endfor %}"
        options = dict(output_dir=str(work / "trl-out"), max_steps=1, per_device_train_batch_size=8, **QUIET)
        if name == "kto":
            trainer = KTOTrainer(model=model, args=KTOConfig(**options), train_dataset=data, processing_class=tokenizer)
        else:
            trainer = DPOTrainer(model=model, args=DPOConfig(**options), train_dataset=data, processing_class=tokenizer)
        loss = trainer.train().training_loss
        wanted = 0.5 if name == "kto" else 0.6931
        if abs(loss - wanted) > 2e-3:
            faults.append(f"{name}: TRL's first loss is {loss}, not {wanted}")
    print(f"exports: {'; '.join(faults) or 'loaded and trained on: ' + json.dumps(counts)}")
    return faults


def make_model(folder, tokenizer, template):
    """A small random Llama with a tokenizer that merges letters."""
    shutil.copytree(TOKENIZERS / tokenizer, folder, ignore=shutil.ignore_patterns("*.jsonl"))
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    special = [token.content for token in fast.added_tokens_decoder.values() if token.special]
    end = next(token for token in special if "end" in token or token == "</s>")
    if template:
        end = "<|im_end|>"
        fast.add_special_tokens({"additional_special_tokens": [t for t in ("<|im_start|>", end) if t not in special]})
    fast.eos_token, fast.pad_token = end, end
    fast.chat_template = TEMPLATE if template else None
    fast.save_pretrained(folder)
    torch.manual_seed(5)
    config = transformers.LlamaConfig(
        vocab_size=max(fast.get_vocab().values()) + 3, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256, initializer_range=0.2,
        bos_token_id=None, eos_token_id=fast.eos_token_id, pad_token_id=fast.pad_token_id)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return fast


def texts(generator, template, tokenizer):
    """Pairs whose answers reach over the boundary of the prompt, end in the end token, or are short."""
    words = ["the", " sum", " of", " two", "12", " 345", "\n", "é", " ok", "ing", "!", " a", "tion", "s", "  "]

    def say(most):
        return "".join(generator.choice(words) for _ in range(generator.randint(1, most)))

    rows = []
    for index in range(12):
        prompt, chosen, rejected = say(8), say(6), say(6)
        while rejected == chosen:
            rejected = say(6)
        if index == 0 and not template:
            chosen += tokenizer.eos_token
        if template:
            prompt = [{"role": "user", "content": prompt}]
            if index % 3 == 0:
                prompt.insert(0, {"role": "system", "content": say(4)})
            chosen, rejected = ([{"role": "assistant", "content": text}] for text in (chosen, rejected))
        rows.append(dict(prompt=prompt, chosen=chosen, rejected=rejected))
    return rows


def first_step(package, work, name, tokenizer_name, template, implicit=False):
    """TRL's first step and ours on one file."""
    folder = work / name
    folder.mkdir(parents=True)
    tokenizer = make_model(folder / "model", tokenizer_name, template)
    (folder / "agent").mkdir()
    (folder / "agent/agent.yaml").write_text("kind: transformer\nmodel: ../model\n")
    rows = texts(random.Random(name), template, tokenizer)
    if implicit:  # What both sides begin with is the prompt.
        rows = [{side: row["prompt"] + row[side] for side in ("chosen", "rejected")} for row in rows]
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    data = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(folder / "cache"))
    losses = ["sigmoid", "sft"]
    arguments = DPOConfig(output_dir=str(folder / "trl-out"), max_steps=1, per_device_train_batch_size=len(rows),
                          loss_type=losses, loss_weights=[1.0, 0.3], max_length=64, beta=0.2, **QUIET)
    trainer = DPOTrainer(model=str(folder / "model"), args=arguments, train_dataset=data, processing_class=tokenizer)
    trainer.train()
    theirs = trainer.state.log_history[0]
    (folder / "train.yaml").write_text(
        f"loss_type: [{', '.join(losses)}]\nloss_weights: [1.0, 0.3]\nmax_length: 64\nbeta: 0.2\n"
        f"batch_size: {len(rows)}\nlearning_rate: 0\n")
    agon(package, folder, "train", "--pairs", path, "--agent", "./agent", "--config", "train.yaml", "--context", "trl",
         "--out", "made", "--quiet")
    ours = json.loads((folder / "made.training/metrics.jsonl").read_text().splitlines()[0])
    faults = []
    for key in ("loss", "logps/chosen", "logps/rejected", "num_tokens", "mean_token_accuracy", "entropy"):
        # TRL's log rounds to four digits; a different token moves a log-probability by far more.
        if abs(ours[key] - theirs[key]) > 2e-3 + 5e-5 * abs(theirs[key]):
            faults.append(f"{key} is {ours[key]:.6g}, TRL has {theirs[key]:.6g}")
    same = "equal to TRL's first step: loss {loss:.4f}, logps/chosen {logps/chosen:.3f}".format(**ours)
    print(f"{name}: {'; '.join(faults) or same}")
    return faults


def judges(package, work):
    """A reward model from preferences scores alike in transformers."""
    agon(package, work, "judge", "train", "taste", "--base", "agents/rookie", "--arena", "quickstart", "--epochs", "2",
         "--learning-rate", "0.001", "--quiet")
    agon(package, work, "judge", "run", "--judge", "taste", "--input", "trl.jsonl", "--out", "ranked.jsonl", "--quiet")
    folder = work / "judges/taste/model"
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    worst = 0.0
    for row, said in zip(map(json.loads, (work / "trl.jsonl").open()), map(json.loads, (work / "ranked.jsonl").open())):
        sequences = [tokenizer(tokenizer.bos_token + row["prompt"] + row[side] + tokenizer.eos_token, add_special_tokens=False)
                     for side in ("chosen", "rejected")]
        with torch.no_grad():
            scores = model(**tokenizer.pad(sequences, return_tensors="pt")).logits[:, 0].tolist()
        worst = max(worst, *(abs(one - other) for one, other in zip(scores, said["scores"])))
    faults = [] if worst < 1e-4 else [f"scores differ by {worst}"]
    print(f"judge: {'; '.join(faults) or f'transformers scores alike, off by {worst:.1e}'}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", default=ROOT, type=Path, help="the built Swift package")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as temporary:
        work = (arguments.keep or Path(temporary)).resolve()
        faults = exports(arguments.package, work)
        faults += judges(arguments.package, work)
        for name, tokenizer, template in (("texts_smollm", "smollm", False), ("texts_llama2", "llama2", False),
                                          ("texts_llama3", "llama3", False), ("chat_qwen", "qwen", True)):
            faults += first_step(arguments.package, work, name, tokenizer, template)
        faults += first_step(arguments.package, work, "texts_implicit", "smollm", False, implicit=True)
        faults += first_step(arguments.package, work, "chat_implicit", "qwen", True, implicit=True)
        return min(len(faults), 1)


if __name__ == "__main__":
    sys.exit(main())
