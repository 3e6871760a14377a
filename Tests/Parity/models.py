"""Model folders of every supported architecture: what transformers computes must be what Agon computes.

    python3 Tests/Parity/models.py [--package FOLDER] [--keep FOLDER]
    python3 Tests/Parity/models.py --fixtures Tests/AgonTransformerTests/Fixtures/architectures

transformers makes small random models and their logits, gradients and greedy continuations. The Swift test
`ModelParity` loads each folder, writes its own numbers on every kernel path into `agon.safetensors`, and saves the
model again into `saved/`. This script compares the numbers and loads `saved/` with transformers.
`--fixtures` only writes the folders that the Swift tests keep; equal versions give equal bytes.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import torch
    import transformers
    from safetensors.torch import load_file, save_file
except ImportError as missing:
    print(f"skipped: {missing}; pip install torch transformers safetensors")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "Tests/AgonTransformerTests/Fixtures/tokenizers/characters/tokenizer.json"
SIZES = dict(vocab_size=40, hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, initializer_range=0.3, bos_token_id=0,
             eos_token_id=1, pad_token_id=2)
LLAMA3 = dict(rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16)
LINEAR = dict(rope_type="linear", rope_theta=10000.0, factor=2.5)


class Case:
    def __init__(self, name, family, *, score=False, storage=torch.float32, shards=False, old=False, **options):
        self.name, self.family, self.score, self.storage, self.shards, self.old = (
            name, family, score, storage, shards, old)
        self.options = options


CASES = [
    Case("llama_tied_old", "Llama", old=True, tie_word_embeddings=True,
         rope_parameters=dict(rope_type="default", rope_theta=5000.0)),
    Case("llama_biases", "Llama", attention_bias=True, mlp_bias=True),
    Case("llama_head_dim", "Llama", head_dim=6, num_key_value_heads=1, rms_norm_eps=1e-5),
    Case("llama3_rope", "Llama", head_dim=16, rope_parameters=LLAMA3, tie_word_embeddings=True),
    Case("llama3_rope_old", "Llama", old=True, head_dim=16, rope_parameters=LLAMA3, attention_bias=True),
    Case("llama_linear_rope", "Llama", rope_parameters=LINEAR),
    Case("llama_linear_rope_old", "Llama", old=True, rope_parameters=LINEAR, num_key_value_heads=4),
    Case("llama_bf16", "Llama", storage=torch.bfloat16),
    Case("llama_f16_shards", "Llama", storage=torch.float16, shards=True, mlp_bias=True),
    Case("llama_score", "Llama", score=True, attention_bias=True),
    Case("qwen2", "Qwen2", tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=1e6)),
    Case("qwen2_old", "Qwen2", old=True, storage=torch.bfloat16,
         rope_parameters=dict(rope_type="default", rope_theta=1e6)),
    Case("qwen2_score", "Qwen2", score=True),
    Case("qwen3", "Qwen3", head_dim=8, rope_parameters=dict(rope_type="default", rope_theta=1e6)),
    Case("qwen3_old", "Qwen3", old=True, head_dim=8, num_key_value_heads=1, tie_word_embeddings=True,
         attention_bias=True, storage=torch.bfloat16),
    Case("qwen3_score", "Qwen3", score=True, head_dim=8),
]
FIXTURES = ["llama_biases", "llama3_rope_old", "llama_linear_rope", "llama_f16_shards", "llama_score", "qwen2",
            "qwen2_old", "qwen2_score", "qwen3", "qwen3_old", "qwen3_score"]


def old_dialect(folder):
    """Rewrites config.json as transformers 4 wrote it."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    config["torch_dtype"] = config.pop("dtype")
    config.pop("layer_types", None)
    config["transformers_version"] = "4.45.0"
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def load(folder, score):
    kind = transformers.AutoModelForSequenceClassification if score else transformers.AutoModelForCausalLM
    return kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def make(case, folder):
    """Writes a model folder and `golden.safetensors` beside it: inputs, logits, gradients, a continuation."""
    torch.manual_seed(sum(map(ord, case.name)))
    config = getattr(transformers, case.family + "Config")(
        **{**SIZES, **case.options, **({"num_labels": 1} if case.score else {})})
    kind = case.family + ("ForSequenceClassification" if case.score else "ForCausalLM")
    model = getattr(transformers, kind)(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    model.to(case.storage).save_pretrained(folder, **({"max_shard_size": "6KB"} if case.shards else {}))
    if case.old:
        old_dialect(folder)
    shutil.copy(TOKENIZER, folder / "tokenizer.json")
    model = load(folder, case.score)
    ids = torch.randint(3, 22, (1, 20))
    golden = {"input_ids": ids[0].to(torch.int32)}
    logits = model(ids).logits[0]
    if case.score:
        coefficients = torch.tensor([0.7])
        loss = coefficients @ logits
        padded = torch.randint(3, 22, (4, 12))
        pad = model.config.pad_token_id
        padded[0, 9:], padded[1, :3], padded[1, 10:], padded[2, 5], padded[3] = pad, pad, pad, pad, pad
        with torch.no_grad():
            scores = model(padded).logits[:, 0]
        golden |= {"padded_ids": padded.flatten().to(torch.int32), "padded_logits": scores}
    else:
        coefficients = torch.randn(ids.shape[1] - 1)
        loss = coefficients @ torch.log_softmax(logits, -1)[:-1].gather(1, ids[0, 1:, None])[:, 0]
        for name, penalty in (("greedy", 1.0), ("greedy_reppen1.3", 1.3)):
            made = model.generate(ids, max_new_tokens=24, do_sample=False, eos_token_id=None, pad_token_id=2,
                                  repetition_penalty=penalty)
            golden[name] = made[0, ids.shape[1]:].to(torch.int32)
    loss.backward()
    golden |= {"logits": logits.detach(), "coefficients": coefficients}
    golden |= {"gradient." + name: p.grad for name, p in model.named_parameters()}
    save_file({name: tensor.contiguous() for name, tensor in golden.items()}, folder / "golden.safetensors")


def worst(made, golden, absolute, relative):
    return ((made - golden).abs() / (absolute + relative * golden.abs())).max().item()


def compare(case, folder):
    """The reasons why a folder disagrees; none where all is well."""
    golden, made = load_file(folder / "golden.safetensors"), load_file(folder / "agon.safetensors")
    faults = []
    paths = sorted({name.split("/")[0] for name in made})
    for path in paths:
        for name, expected in golden.items():
            if name in ("input_ids", "coefficients", "padded_ids"):
                continue
            result = made[f"{path}/{name}"].reshape(expected.shape)
            if name.startswith("greedy"):
                fault = float((result.to(torch.int32) != expected).any()) * 2
            elif name.endswith("logits"):
                fault = worst(result, expected, 2e-5, 1e-5)
            else:
                scale = expected.norm().item() / expected.numel() ** 0.5
                fault = worst(result, expected, 1e-4 * scale + 1e-7, 1e-4)
            if not fault <= 1:
                faults.append(f"{path}: {name} is off by {fault:.2g} tolerances")
    saved = load(folder / "saved", case.score)
    logits = saved(golden["input_ids"][None].to(torch.int64)).logits[0].detach()
    if worst(logits, golden["logits"], 1e-6, 1e-6) > 1:
        faults.append("transformers computes other logits from what was saved")
    was, now = (json.loads((folder / part / "config.json").read_text()) for part in ("", "saved"))
    for key in ("dtype", "torch_dtype"):
        if key in was and now[key] != "float32":
            faults.append(f"saved/config.json says {key} {now[key]}, but the weights are float32")
        was.pop(key, None), now.pop(key, None)
    if was != now:
        faults.append("saved/config.json is in another dialect than the folder it came from")
    return paths, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", default=ROOT, type=Path, help="the built Swift package")
    parser.add_argument("--fixtures", type=Path, help="write the fixtures there and stop")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if arguments.fixtures:
        for case in CASES:
            if case.name in FIXTURES:
                make(case, arguments.fixtures / case.name)
                (arguments.fixtures / case.name / "tokenizer.json").unlink()
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.keep or Path(temporary)
        for case in CASES:
            make(case, work / case.name)
        subprocess.run(["swift", "test", "--skip-build", "--filter", "ModelParity"], cwd=arguments.package, check=True,
                       env={**os.environ, "AGON_PARITY_MODELS": str(work.resolve())}, stdout=sys.stderr)
        failed = 0
        for case in CASES:
            paths, faults = compare(case, work / case.name)
            failed += bool(faults)
            print(f"{case.name}: {'; '.join(faults) or 'equal on ' + ', '.join(paths)}")
        return failed


if __name__ == "__main__":
    sys.exit(main())
