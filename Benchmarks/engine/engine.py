"""The engine against its peers, by turns in the same run: products, decoding, start-up and DPO steps.

    python3 Benchmarks/engine/engine.py [--parts products,generate,llama.cpp,startup,steps] [--sizes S,M,L] [--threads 1,2]
        [--batches 1,8,32,128] [--ranks 0,16] [--kernels avx2]

Before: `swift build -c release --package-path Benchmarks --product engine-bench` and
`pip install torch transformers peft trl llama-cpp-python gguf` (the last two for llama.cpp alone, which is compiled).
Random weights of three shapes are written to a temporary folder: S (1 M parameters), M (13 M) and L (SmolLM2-135M's).
Prints Markdown: medians, the range of agon's figure, and the ratio to the peer of the same number format.
Everything takes about an hour and a half on two cores, most of it the peers' L; nothing else should run meanwhile.
"""
import argparse
import os
import sys
import tempfile
from pathlib import Path

try:
    import torch
    import transformers
except ImportError as error:
    sys.exit(f"engine.py: {error.name} is missing: pip install torch transformers peft trl")

import decoding
import products
import training
from agon import SHAPES

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "generate": (lambda: decoding.head("generate"), decoding.against_generate),
    "llama.cpp": (lambda: decoding.head("llama.cpp"), decoding.against_llama_cpp),
    "startup": (decoding.startup_head, decoding.startup),
    "steps": (training.head, training.steps),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=ROOT / "Benchmarks/.build/release/engine-bench")
    parser.add_argument("--parts", default=",".join(["products", *PARTS]))
    parser.add_argument("--sizes", default="S,M,L")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batches", default="1,8,32,128", help="sequences that decode together")
    parser.add_argument("--ranks", default=f"0,{training.RANK}", help="of the adapters of a step; 0 trains all weights")
    parser.add_argument("--kernels", help="agon's kernel path instead of the processor's best; the peers keep theirs")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if options.kernels: os.environ["AGON_KERNELS"] = options.kernels
    decoding.BATCHES = [int(batch) for batch in options.batches.split(",")]
    training.RANKS = [int(rank) for rank in options.ranks.split(",")]
    if not Path(options.tool).exists():
        sys.exit("engine.py: build the tool first: swift build -c release --package-path Benchmarks --product engine-bench")
    parts, sizes, threads = options.parts.split(","), options.sizes.split(","), [int(count) for count in options.threads.split(",")]
    for part in parts:
        if part != "products" and part not in PARTS: sys.exit(f"engine.py: there is no part `{part}`; parts are products, {', '.join(PARTS)}")
    for name in sizes:
        if name not in SHAPES: sys.exit(f"engine.py: there is no size `{name}`; sizes are {', '.join(SHAPES)}")
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as root:
        for name in sizes:
            config = transformers.LlamaConfig(**SHAPES[name], max_position_embeddings=512, tie_word_embeddings=True)
            transformers.LlamaForCausalLM(config).save_pretrained(f"{root}/{name}")
        print(f"torch {torch.__version__}, transformers {transformers.__version__}")
        if "products" in parts: products.products(str(options.tool), f"{root}/{sizes[0]}", threads)
        for part, (head, measure) in PARTS.items():
            if part not in parts: continue
            head()
            for count in threads:
                torch.set_num_threads(count)
                for name in sizes:
                    if part != "llama.cpp" or name == "L": measure(str(options.tool), f"{root}/{name}", name, count, options.repeats)


if __name__ == "__main__":
    main()
