"""Speed of agon's tokenizer against Hugging Face `tokenizers`, one thread each, in the same run by turns.

    python3 Benchmarks/tokenizer/tokenizer.py [--tool PATH] [--repeats 7] [--megabytes 1]

Before: `swift build -c release --package-path Benchmarks --product tokenizer-tool` and `pip install tokenizers`.
The tokenizers are trained here, with 32,000 tokens and the splits of published families. Prints Markdown: medians of
megabytes a second, the range of agon's, and the ratio.
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "Tests/Parity"))
import tokenization  # noqa: E402  (the trainers of each family; ends here with a message without tokenizers)
from tokenizers import normalizers, pre_tokenizers  # noqa: E402

LINES = ["Die Prüfung war schwierig, aber die Lösung ließ sich finden.", "Où est la bibliothèque ? À côté de l'église, très près.",
         "Привет, мир! Как дела сегодня? Судья прочитал оба ответа.", "Γειά σου Κόσμε, πώς είσαι σήμερα;", "你好，世界。我们在房间里比赛，裁判读两个答案。",
         "こんにちは、元気ですか。審判は二つの答えを読みます。", "안녕하세요, 오늘 경기는 어떻게 되나요?", "שלום עולם, מי ניצח היום?", "مرحبا بالعالم، من فاز اليوم؟",
         "हिन्दी में एक वाक्य और दूसरा वाक्य।", "สวัสดีชาวโลก วันนี้ใครชนะ", "Xin chào thế giới, hôm nay ai thắng?", "Emoji: 🙂🚀👩‍👩‍👧‍👦 🇩🇪 👍🏽."]


def texts(size):
    """English and code of this machine's Python, and a mixture of scripts; both of `size` bytes."""
    library = Path(sysconfig.get_paths()["stdlib"])
    english = "\n".join(path.read_text(errors="replace") for path in sorted(library.glob("*.py")))
    generator = random.Random(5)
    words = [line.split(" ") for line in LINES]
    mixed = "\n".join(" ".join(generator.sample(line, len(line))) for _ in range(1 + size // 900) for line in generator.sample(words, len(words)))
    return english.encode()[-size:].decode(errors="ignore"), mixed.encode()[:size].decode(errors="ignore"), english + mixed[:len(mixed) // 4]


def families(corpus):
    lines = corpus.split("\n")
    llama2 = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    head, tail, data = tokenization.HEAD, tokenization.TAIL, tokenization.BYTES
    yield "SmolLM2", tokenization.byte_level(lines, pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]), size=32000)
    yield "Qwen", tokenization.byte_level(lines, pre_tokenizers.Sequence([tokenization.split(head + r"\p{N}" + tail), data]), normalizers.NFC(), size=32000)
    yield "Llama 3", tokenization.byte_level(lines, pre_tokenizers.Sequence([tokenization.split(head + r"\p{N}{1,3}" + tail), data]), ignore_merges=True, size=32000)
    yield "Llama 2", tokenization.character_level(lines, llama2, None, size=32000)


def measure(tool, path, tokenizer, text, repeats):
    """Seconds of agon and of tokenizers by turns, and agon's seconds to load."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        process = subprocess.Popen([tool, "time", path, file.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        load, ours, theirs = json.loads(process.stdout.readline())["load"], [], []
        for _ in range(repeats):
            process.stdin.write("\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            ours.append(answer["seconds"])
            start = time.perf_counter()
            count = len(tokenizer.encode(text, add_special_tokens=False).ids)
            theirs.append(time.perf_counter() - start)
            assert count == answer["tokens"]
        process.stdin.close()
        process.wait()
    return ours[1:], theirs[1:], load


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", default=ROOT / "Benchmarks/.build/release/tokenizer-tool")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--megabytes", type=float, default=1)
    options = parser.parse_args()
    size = int(options.megabytes * 1e6)
    english, mixed, corpus = texts(size)
    hostile = [("one letter", "a" * size), ("spaces", " " * size), ("marks", "e" + "\u0301\u0323" * (size // 4))]
    print("| tokenizer | text | agon (MB/s) | range | tokenizers (MB/s) | ratio | agon loads in (s) |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, tokenizer in families(corpus):
            path = f"{folder}/{name}.json"
            tokenizer.save(path)
            # The peer needs minutes for some of these, so they are agon's alone.
            for kind, text in [("English and code", english), ("13 scripts", mixed)]:
                ours, theirs, load = measure(options.tool, path, tokenizer, text, options.repeats)
                speeds, megabytes = sorted(len(text.encode()) / 1e6 / t for t in ours), len(text.encode()) / 1e6
                a, b = statistics.median(speeds), megabytes / statistics.median(theirs)
                print(f"| {name} | {kind} | {a:.1f} | {speeds[0]:.1f} to {speeds[-1]:.1f} | {b:.1f} | {a / b:.1f} | {load:.3f} |", flush=True)
            for kind, text in hostile:
                with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
                    file.write(text)
                    file.flush()
                    answer = subprocess.run([options.tool, "time", path, file.name], input="\n\n\n", capture_output=True, text=True, check=True)
                times = sorted(json.loads(line)["seconds"] for line in answer.stdout.splitlines()[1:])
                speeds = [len(text.encode()) / 1e6 / t for t in reversed(times)]
                print(f"| {name} | 1 piece: {kind} | {speeds[1]:.1f} | {speeds[0]:.1f} to {speeds[-1]:.1f} | | | |", flush=True)


if __name__ == "__main__":
    main()
