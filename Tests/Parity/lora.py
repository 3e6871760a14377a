"""Adapter folders of every kind: what peft computes must be what Agon computes, in both directions.

    python3 Tests/Parity/lora.py [--package FOLDER] [--keep FOLDER]

peft makes adapters with random matrices on small random Llama and Qwen models, their logits and their gradients. The Swift test
`AdapterParity` loads each folder, writes its own numbers on every kernel path into `agon.safetensors`, saves the adapter
again into `saved/`, merged into `merged/`, and an adapter of its own making into `made/`. This script compares the
numbers and loads all three with peft and transformers.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

try:
    import peft
    import torch
    import transformers
    from safetensors.torch import load_file, save_file
except ImportError as missing:
    print(f"skipped: {missing}; pip install torch transformers peft safetensors")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "Tests/AgonTransformerTests/Fixtures/tokenizers/characters/tokenizer.json"
SIZES = dict(vocab_size=40, hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, initializer_range=0.3, bos_token_id=0,
             eos_token_id=1, pad_token_id=2)
CASES = {
    "default": dict(r=8),
    "list": dict(r=4, lora_alpha=16, target_modules=["self_attn.o_proj", "up_proj", "model.layers.1.mlp.down_proj"]),
    "regex": dict(r=3, lora_alpha=5, target_modules=r".*layers\.1\.(self_attn|mlp)\.(q|v|gate)_proj"),
    "all_linear": dict(r=4, lora_alpha=8, target_modules="all-linear", lora_dropout=0.3),
    "rslora": dict(r=4, lora_alpha=3, target_modules="all-linear", use_rslora=True),
    "dora": dict(r=4, lora_alpha=6, target_modules="all-linear", use_dora=True),
    "dora_rslora_one_layer": dict(r=2, target_modules=["down_proj", "k_proj"], use_dora=True, use_rslora=True,
                                  layers_to_transform=[1]),
    "patterns": dict(r=4, lora_alpha=8, target_modules="all-linear",
                     rank_pattern={r"layers\.0\.mlp\..*": 7, "q_proj": 1}, alpha_pattern={"1.self_attn.v_proj": 32}),
    "excluded": dict(r=2, target_modules="all-linear", exclude_modules=["gate_proj", "0.self_attn.q_proj"]),
    "biases": dict(r=4, target_modules="all-linear"),
    "biases_dora": dict(r=4, lora_alpha=6, target_modules="all-linear", use_dora=True),
    "qwen2_dora": dict(r=3, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"], use_dora=True),
    "qwen3": dict(r=4, target_modules="all-linear", use_rslora=True),
    "excluded_regex": dict(r=2, target_modules=["q_proj", "v_proj"], exclude_modules=r".*\.0\..*"),
}

# Bases of other architectures than a plain Llama, by the beginning of the case's name.
FAMILIES = {
    "biases": ("Llama", dict(attention_bias=True, mlp_bias=True)),
    "qwen2": ("Qwen2", {}),
    "qwen3": ("Qwen3", dict(head_dim=8)),
}


def base(name):
    family, options = FAMILIES.get(name.split("_")[0], ("Llama", {}))
    config = getattr(transformers, family + "Config")(**SIZES, tie_word_embeddings=False, **options)
    model = getattr(transformers, family + "ForCausalLM")(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model


def make(name, folder):
    """Writes a base model, an adapter and `golden.safetensors`: inputs, logits, gradients of the adapter."""
    torch.manual_seed(sum(map(ord, name)))
    model = base(name)
    model.save_pretrained(folder / "base")
    shutil.copy(TOKENIZER, folder / "base" / "tokenizer.json")
    adapted = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **CASES[name])).eval()
    with torch.no_grad():
        for parameter in (p for p in adapted.parameters() if p.requires_grad):
            parameter += 0.2 * torch.randn_like(parameter)
    adapted.save_pretrained(folder / "adapter")
    ids = torch.randint(3, 22, (1, 20))
    logits = adapted(ids).logits[0]
    coefficients = torch.randn(ids.shape[1] - 1)
    loss = coefficients @ torch.log_softmax(logits, -1)[:-1].gather(1, ids[0, 1:, None])[:, 0]
    loss.backward()
    golden = {"input_ids": ids[0].to(torch.int32), "logits": logits.detach(), "coefficients": coefficients}
    for key, parameter in ((key, p) for key, p in adapted.named_parameters() if p.requires_grad):
        key = key.replace(".default", "").removeprefix("base_model.model.")
        golden["gradient." + key.replace("magnitude_vector.weight", "magnitude_vector")] = parameter.grad
    save_file({key: tensor.contiguous() for key, tensor in golden.items()}, folder / "golden.safetensors")


def worst(made, golden, absolute, relative):
    return ((made - golden).abs() / (absolute + relative * golden.abs())).max().item()


def logits(folder, adapter, ids):
    """The logits of a folder's base through an adapter, or of a plain folder."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if adapter:
        with warnings.catch_warnings():
            # Missing or unexpected keys are warnings of this kind.
            warnings.simplefilter("error", UserWarning)
            model = peft.PeftModel.from_pretrained(model, adapter)
    with torch.no_grad():
        return model.eval()(ids[None].to(torch.int64)).logits[0]


def compare(folder):
    """The reasons why a folder disagrees; none where all is well."""
    golden, made = load_file(folder / "golden.safetensors"), load_file(folder / "agon.safetensors")
    faults = []
    paths = sorted({key.split("/")[0] for key in made})
    for path in paths:
        for key, expected in golden.items():
            if key in ("input_ids", "coefficients"):
                continue
            result = made[f"{path}/{key}"].reshape(expected.shape)
            scale = expected.norm().item() / expected.numel() ** 0.5
            absolute, relative = (2e-5, 1e-5) if key == "logits" else (1e-4 * scale + 1e-7, 1e-4)
            fault = worst(result, expected, absolute, relative)
            if not fault <= 1:
                faults.append(f"{path}: {key} is off by {fault:.2g} tolerances")
    ids = golden["input_ids"]
    for what, base, adapter, expected in [
        ("the saved adapter", folder / "base", folder / "saved", golden["logits"]),
        ("the merged model", folder / "merged", None, golden["logits"]),
        ("our own adapter", folder / "base", folder / "made", made[f"{paths[0]}/made"].reshape(golden["logits"].shape)),
    ]:
        if not worst(logits(base, adapter, ids), expected, 2e-5, 1e-5) <= 1:
            faults.append(f"{what} has other logits in Python")
    was, now = (load_file(folder / part / "adapter_model.safetensors") for part in ("adapter", "saved"))
    if was.keys() != now.keys() or any(not torch.equal(was[key], now[key]) for key in was):
        faults.append("the saved adapter has other tensors than it was loaded with")
    was, now = (json.loads((folder / part / "adapter_config.json").read_text()) for part in ("adapter", "saved"))
    for key in now.keys() - {"base_model_name_or_path", "target_modules", "exclude_modules"}:
        if now[key] != was.get(key):
            faults.append(f"saved/adapter_config.json says {key} {now[key]}, it was {was.get(key)}")
    return paths, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", default=ROOT, type=Path, help="the built Swift package")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", FutureWarning)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.keep or Path(temporary)
        for name in CASES:
            make(name, work / name)
        subprocess.run(["swift", "test", "--skip-build", "--filter", "AdapterParity"], cwd=arguments.package, check=True,
                       env={**os.environ, "AGON_PARITY_ADAPTERS": str(work.resolve())}, stdout=sys.stderr)
        failed = 0
        for name in CASES:
            paths, faults = compare(work / name)
            failed += bool(faults)
            print(f"{name}: {'; '.join(faults) or 'equal on ' + ', '.join(paths)}")
        return failed


if __name__ == "__main__":
    sys.exit(main())
