"""What learners make of games beside tic-tac-toe, over five seeds, where it worked and where it did not.

    python3 Benchmarks/seeds/games.py [--tool .build/release/agon] [--seeds 1,2,3,4,5] [--only kuhn-kto,…]

Before: `swift build -c release --product agon`. Makes a base for each game (two layers, width 64, imitating a crowd that
plays like the game's expert half of the time), lets two learners start from it, and measures both on openings of the held-out side
against the base that they came from: score, illegal moves, and in the pokers what a best answer wins of them in a hand
(exploitability; 0 is an equilibrium). Recipes were chosen on seed 11. Prints Markdown.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DPO = "algorithm: dpo, loss_type: [sigmoid, sft], loss_weights: [1, {sft}], beta: {beta}, learning_rate: {rate}, batch_size: 32, reference: base"
KTO = "algorithm: kto, beta: 0.1, learning_rate: 3.0e-4, batch_size: 64, reference: base"
ROUND_ROBIN = "{kind: round_robin, rooms_per_pairing: 384, baseline_rooms_per_pairing: 8}"
# As many rooms a round as the round robin of these five agents has.
SELF_PLAY = "{{kind: self_play, rooms_per_learner: 604, latest_ratio: {latest}, window: 8}}"
CASES = {
    "kuhn-dpo": ("kuhn-poker", "equilibrium", "pairs of trajectories, DPO", DPO.format(sft=0.1, beta=0.1, rate="3.0e-4"), ROUND_ROBIN),
    "kuhn-kto": ("kuhn-poker", "equilibrium", "KTO", KTO, ROUND_ROBIN),
    "kuhn-self-play": ("kuhn-poker", "equilibrium", "KTO, self-play with a pool of 8", KTO, SELF_PLAY.format(latest=0.5)),
    "kuhn-newest": ("kuhn-poker", "equilibrium", "KTO, self-play with newest versions alone", KTO, SELF_PLAY.format(latest=1)),
    "leduc-kto": ("leduc-poker", "near_equilibrium", "KTO", KTO, ROUND_ROBIN),
    "nim-dpo": ("nim", "perfect", "pairs of trajectories, DPO", DPO.format(sft=0.3, beta=0.5, rate="1.0e-4"), ROUND_ROBIN),
}
MEASURES = {"score_vs_anchor": ("score against the base", 100, "%"), "exploitability": ("exploitability", 1, ""), "illegal_per_100": ("illegal moves per 100 games", 1, "")}


def files(folder, game, expert):
    def write(path, text):
        path = Path(folder) / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write("agents/base/agent.yaml", "kind: transformer\nmodel: model\n")
    for name in ("one", "two"): write(f"agents/{name}/agent.yaml", "kind: transformer\nmodel: ../base\n")
    write("agents/random/agent.yaml", "kind: scripted\nstrategy: random\n")
    write("agents/expert/agent.yaml", f"kind: scripted\nstrategy: {expert}\n")
    write("pretraining/base.yaml", f"""output: ../agents/base/model
game: {game}
skill: 0.5
model: {{hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 4, intermediate_size: 160, max_position_embeddings: 48}}
steps: 2000
batch_size: 256
learning_rate: 2.0e-3
seed: 13
""")


def arena(folder, case, game, training, schedule):
    (Path(folder) / "arenas").mkdir(exist_ok=True)
    (Path(folder) / f"arenas/{case}.yaml").write_text(f"""name: {case}
game: {game}
agents: [one, two, base, random, expert]
anchors: [base, random, expert]
rounds: 60
schedule: {schedule}
judge: {{kind: referee}}
pairs: {{from: any}}
training: {{{training}}}
gate: {{prompts: 48, min_score: 0.48}}
evaluation: {{every: 10, prompts: 200}}
""")


def values(report, measure):
    """First and last record of each learner."""
    for agent in ("one", "two"):
        records = [record for record in report["evaluations"] if record["measure"] == measure and record["policy"]["agent"] == agent]
        if records: yield records[0], max(records, key=lambda record: record["round"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", default=str(ROOT / ".build/release/agon"))
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--only", default=",".join(CASES))
    options = parser.parse_args()
    print("| game | recipe | measure | version 0 | last version, median | range over runs and learners | intervals that lie on the better side of version 0 |\n|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as root:
        for case in options.only.split(","):
            game, expert, title, training, schedule = CASES[case]
            folder = Path(root) / game
            if not folder.exists():
                files(folder, game, expert)
                subprocess.run([options.tool, "pretrain", "pretraining/base.yaml", "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            arena(folder, case, game, training, schedule)
            reports = [json.loads(subprocess.run([options.tool, "run", f"arenas/{case}.yaml", "--seed", seed, "--json", "--db", f"{case}-{seed}/arena.sqlite"], cwd=folder, check=True, capture_output=True, text=True).stdout) for seed in options.seeds.split(",")]
            for measure, (name, scale, unit) in MEASURES.items():
                pairs = [pair for report in reports for pair in values(report, measure)]
                if not pairs: continue
                last = [scale * after["value"] for _, after in pairs]
                better = sum(after["low"] > before["value"] if measure == "score_vs_anchor" else after["high"] < before["value"] for before, after in pairs)
                shown = lambda value: f"{value:.1f}{' ' + unit if unit else ''}" if scale == 100 or measure == "illegal_per_100" else f"{value:.2f}"
                print(f"| {game} | {title} | {name} | {shown(scale * statistics.median(before['value'] for before, _ in pairs))} | {shown(statistics.median(last))} | {shown(min(last))} to {shown(max(last))} | {better} of {len(pairs)} |", flush=True)


main()
