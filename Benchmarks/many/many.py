"""Fifty agents on one base against one agent with as many sequences: tokens a second in rollouts, and peak memory.

    python3 Benchmarks/many/many.py [--tool .build/release/agon] [--agents 50] [--rooms 32] [--rounds 3] [--repeats 3]

Every agent trains an adapter of rank 8 of its own on one base, a model of hidden size 384 and six layers that is made here;
with one agent a single learner plays as many rooms of its own as all of them together have seats, so that both decode as
many sequences of as many prompts. Prints Markdown.
"""
import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ARENA = """name: {name}
task: sort-digits
agents: [{agents}]
anchors: [random]
rounds: {rounds}
max_new_tokens: 8
schedule: {{kind: free_for_all, rooms: {rooms}, seats_per_learner: {seats}}}
judge: {{kind: exact}}
training: {{algorithm: dpo, lora_r: 8, lora_alpha: 16, learning_rate: 1.0e-4, batch_size: 16}}
gate: {{prompts: 0}}
evaluation: {{prompts: 0}}
"""


BASE = """output: ../agents/base/model
task: sort-digits
right: 0.9
model: {hidden_size: 384, num_hidden_layers: 6, num_attention_heads: 6, num_key_value_heads: 6, intermediate_size: 1024, max_position_embeddings: 32}
steps: 60
batch_size: 64
learning_rate: 1.0e-3
seed: 11
"""


def run(tool, folder, name):
    """Tokens a second of the rollouts and the peak memory in MiB of one run."""
    process = subprocess.Popen([tool, "run", f"arenas/{name}.yaml", "--json", "--db", f"{name}/arena.sqlite"], cwd=folder, stdout=subprocess.PIPE, text=True)
    report = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    if status: raise SystemExit(f"many.py: agon ended with {status}")
    shutil.rmtree(os.path.join(folder, name))
    return report["timings"]["tokenCount"] / report["timings"]["rollouts"], usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", default=str(ROOT / ".build/release/agon"))
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--rooms", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "agents", Path(folder) / "agents")
        os.makedirs(Path(folder) / "arenas")
        names = [f"many{index:03}" for index in range(options.agents)]
        for name in names:
            os.makedirs(Path(folder) / "agents" / name)
            (Path(folder) / "agents" / name / "agent.yaml").write_text("kind: transformer\nmodel: ../base\n")
        os.makedirs(Path(folder) / "pretraining")
        os.makedirs(Path(folder) / "agents/base")
        (Path(folder) / "agents/base/agent.yaml").write_text("kind: transformer\nmodel: model\n")
        (Path(folder) / "pretraining/base.yaml").write_text(BASE)
        subprocess.run([options.tool, "pretrain", "pretraining/base.yaml", "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        shared = dict(rounds=options.rounds, seats=1)
        (Path(folder) / "arenas/many.yaml").write_text(ARENA.format(name="many", agents=", ".join(names + ["random"]), rooms=options.rooms, **shared))
        (Path(folder) / "arenas/one.yaml").write_text(ARENA.format(name="one", agents=f"{names[0]}, random", rooms=options.rooms * options.agents, **shared))
        results = {name: [] for name in ("one", "many")}
        for _ in range(options.repeats):
            for name in results: results[name].append(run(options.tool, folder, name))
        base = (Path(folder) / "agents/base/model/model.safetensors").stat().st_size / 2**20
    print(f"| agents with adapters | sequences a round | tokens a second in rollouts, median (range) | peak memory, MiB |\n|---|---|---|---|")
    for name, count in (("one", 1), ("many", options.agents)):
        rates = [rate for rate, _ in results[name]]
        print(f"| {count} | {options.agents * options.rooms} | {statistics.median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f}) | {statistics.median(memory for _, memory in results[name]):,.0f} |")
    ratio = statistics.median(rate for rate, _ in results["many"]) / statistics.median(rate for rate, _ in results["one"])
    print(f"\n{options.agents} agents run at {100 * ratio:.0f} % of one agent's tokens a second; the base has {base:.1f} MiB.")


main()
