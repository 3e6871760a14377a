"""Trains six small tokenizers on text of our own and records what Hugging Face `tokenizers` makes of test strings.

    pip install tokenizers==0.23.3
    python3 make_tokenizers.py [OUTPUT] [FUZZ_COUNT]

Each folder gets tokenizer.json, golden.jsonl (text, ids, ids_with_special, decoded, decoded_skip) and decode.jsonl (random
ids, decoded, decoded_skip); composition.jsonl has texts with marks and what the library's NFC makes of them. The same version gives the same bytes. OUTPUT defaults to tokenizers/ beside this file; a larger FUZZ_COUNT is for development.
"""
import json
import random
import sys
import unicodedata
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = """
Two agents meet in a room and answer the same prompt. A judge reads both answers, first one way round and then the
other way round; it doesn't know who wrote what. If it prefers the same answer twice, that answer wins, and if it
doesn't, the room is a tie. We'll count wins, losses and ties, and they'll become a rating with an interval.
The rating of a frozen agent never changes: it's the anchor. I've seen a rating rise by 120 points in 24 rounds, and
I'd say that's a gain; you're free to disagree, but then show the numbers. "Who's best?" isn't asked; "how sure are
we?" is.
def sort_digits(text):
    digits = [int(c) for c in text if c.isdigit()]
    for i in range(len(digits)):
        for j in range(i + 1, len(digits)):
            if digits[j] < digits[i]:
                digits[i], digits[j] = digits[j], digits[i]
    return ''.join(str(d) for d in digits)
struct Room { let seats: [Seat]; var winner: Int? = nil }   // one prompt, n seats, one seed
Scores: 12, 345, 6789, 10 000, 3.14159, 2.71828, 0.60 -> 0.87, 1e-5, 0xFF; dates 2024-02-29 and 1999-12-31.
Die Prüfung war schwierig, aber die Lösung ließ sich finden. Où est la bibliothèque ? À côté de l'église, très près.
El niño comió una piña. Привет, мир! Как дела? Γειά σου Κόσμε. 你好，世界。我们在房间里比赛。こんにちは、元気ですか。
한국어 문장도 하나 있습니다. שלום עולם. مرحبا بالعالم. हिन्दी में एक वाक्य। Emoji: 🙂🚀👩‍👩‍👧‍👦 🇩🇪. Maths: ∑ x² ≤ ½·π, ∀ε>0.
x | o | .      A room, a seat, a seed.      x to move: a1 b2 c3
"""

STRINGS = [
    "", " ", "  ", "\n", "\n\n", " \n ", "\r\n", "\t", "a", " a", "a ", "  a  b   c    d", "Hello, world!",
    "it's IT'S we'll WE'LL I'd I'D they've you're don't 'twas 's 'S 'ſ x'ſt 've'Ve'VE 'll 'Ll 'lL rock'n'roll",
    "1 12 123 1234 12345 1234567890 3.14 1,000,000 ½ ² Ⅷ ٣٤٥ ①②③ 零一二", "a1b2c3 4d5e6f", "foo\n\n\nbar\r\n\r\nbaz \n \n qux",
    "trailing spaces   ", "   leading spaces", "tabs\t\tand\tmore", "nbsp\u00a0here\u00a0\u00a0x\u3000y\u2003z\u2028w\u0085v",
    "é e\u0301 ë e\u0308 Å A\u030a \u1100\u1161\u11a8 각 \u212b \u0958 q\u0307\u0323 q\u0323\u0307",
    "zero\u200bwidth\u200djoin\ufeffbom \u00adsoft", "👩‍👩‍👧‍👦🇩🇪👍🏽❤️", "日本語のテキスト、漢字とカナ。", "שָׁלוֹם العَرَبِيَّة हिन्दी ไทย",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "<|endoftext|><|endoftext|>", "a<|im_end|>b <|im_end|> c",
    "<think>so</think> <think> </think>", "x  <tool_call>  y<tool_call>", "[[word]] a[[word]] [[word]]b ([[word]]) _[[word]]",
    "[[r]]   after [[r]]\n\nx", "<|im_start|", "|im_end|>", "<s>x</s> <unk>", "<0x41><0x0A>", "▁under ▁▁x", "\x00\x01\x7f",
    "<N>é e\u0301<N>", "Caf\u0065\u0301<N2>", "<|begin_of_text|>x<|eot_id|>", "....!!!???;;;---___", "a.b,c;d:e",
    " .5 !x  ?\n\n!?\r\n  (y)\n", "__init__(self, *args, **kwargs):\n        return None\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "The quick brown fox doesn't jump over 13 lazy dogs' backs\u2026 \u201cquoted\u201d \u2013 dash", "\U0001D400\U0001D7D8\U00020000\U0001F600",
]

ALPHABET = (list("aabcdeorstxyzNSTLD'''      \n\n\r\t0123456789.,!?<>|[]_-/") + ["é", "e\u0301", "ß", "ſ", "İ", "K", "中", "あ", "가", "ا", "ह", "\u0301",
    "\u200d", "\u00a0", "\u3000", "\u2028", "½", "Ⅷ", "٣", "🙂", "👩‍👩‍👧", "\U0001D7D8", "'s", "'LL", "<|im_end|>", "<think>", "[[word]]", "[[r]]",
    "<tool_call>", "<N>", "<N2>", "<s>", "▁", "<|eot_id|>", "\x85", "\ufffd", "ﬀ", "ǆ", "々", "ー", "_"])


def strings(count):
    generator = random.Random(20240229)
    lines = [line for line in CORPUS.split("\n") if line]
    fuzz = ["".join(generator.choice(ALPHABET) for _ in range(generator.randint(1, 24))) for _ in range(count)]
    return STRINGS + lines[::2] + fuzz


def split(regex):
    return pre_tokenizers.Split(Regex(regex), behavior="isolated")


HEAD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
BYTE_LEVEL = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def train(tokenizer, special, vocab_size=480):
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=special, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if special != ["<unk>", "<s>", "</s>"] else [])
    tokenizer.train_from_iterator([CORPUS], trainer)


def smollm():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return tokenizer


def gpt2_prefix_space():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.ByteLevel(add_prefix_space=True)])
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, ["<|endoftext|>"])
    tokenizer.add_tokens([AddedToken("<N>", normalized=True), AddedToken("é", normalized=False)])
    return tokenizer


def qwen():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split(HEAD + r"\p{N}" + TAIL), BYTE_LEVEL])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    train(tokenizer, [])
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]])
    tokenizer.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False),
                          AddedToken("<tool_call>", lstrip=True, normalized=False), AddedToken("[[word]]", single_word=True, normalized=False),
                          AddedToken("[[r]]", rstrip=True, normalized=False), AddedToken("<N2>", normalized=True), AddedToken("Café", normalized=True)])
    return tokenizer


def llama3():
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split(HEAD + r"\p{N}{1,3}" + TAIL), BYTE_LEVEL])
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, [])
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]])
    template = processors.TemplateProcessing(single="<|begin_of_text|> $A <|end_of_text|>", special_tokens=[
        (token, tokenizer.token_to_id(token)) for token in ["<|begin_of_text|>", "<|end_of_text|>"]])
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return tokenizer


def llama2():
    bare = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    bare.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    bare.pre_tokenizer = split(r"▁?[^▁]+")
    train(bare, ["<unk>", "<s>", "</s>"], vocab_size=400)
    definition = json.loads(bare.to_str())
    tokens = [token for token, _ in sorted(definition["model"]["vocab"].items(), key=lambda item: item[1])]
    tokens = tokens[:3] + [f"<0x{byte:02X}>" for byte in range(256)] + tokens[3:]
    definition["model"]["vocab"] = {token: index for index, token in enumerate(tokens)}
    definition["model"]["byte_fallback"] = True
    definition["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(definition))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def mistral():
    """Llama 2's model as newer files have it: a Metaspace pre-tokenizer instead of a normalizer."""
    definition = json.loads(llama2().to_str())
    definition.update(normalizer=None, pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False})
    tokenizer = Tokenizer.from_str(json.dumps(definition))
    tokenizer.add_tokens([AddedToken("<N>", normalized=True), AddedToken("[I]", normalized=False)])
    return tokenizer


def write_composition(path):
    """Random texts of letters and marks, of every class and script, composed by the library that tokenizers ships with."""
    generator, nfc = random.Random(7), normalizers.NFC()
    marks = [chr(c) for c in range(0x300, 0x1E900) if unicodedata.combining(chr(c))]
    letters = [chr(c) for c in range(0x41, 0x30000) if unicodedata.decomposition(chr(c)) and "<" not in unicodedata.decomposition(chr(c))]
    others = list("aeoAq ") + ["\u1100", "\u1161", "\u11a8", "가", "각", "\u0915", "\u09c7", "字", "🙂"]
    with open(path, "w") as file:
        for _ in range(400):
            text = "".join(generator.choice(generator.choice([marks, marks, letters, others])) for _ in range(generator.randint(1, 9)))
            file.write(json.dumps([text, nfc.normalize_str(text)], ensure_ascii=True) + "\n")


def legacy_merges(text):
    """The older syntax of merges: "a b" instead of ["a", "b"]."""
    definition = json.loads(text)
    definition["model"]["merges"] = [" ".join(pair) for pair in definition["model"]["merges"]]
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))


def characters():
    """What Tokenizer.characters makes: special tokens, then one token for each byte of the alphabet."""
    alphabet, special = "0123456789+-= abcé", ["<bos>", "<eos>", "<pad>"]
    vocab = {token: index for index, token in enumerate(special)}
    for token in pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(alphabet)[0][0]:
        vocab.setdefault(token, len(vocab))
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokenizer.pre_tokenizer = BYTE_LEVEL
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.add_special_tokens(special)
    return tokenizer


def write_golden(folder, tokenizer, lines, count):
    with open(folder / "golden.jsonl", "w") as file:
        for line in lines:
            plain, special = tokenizer.encode(line, add_special_tokens=False).ids, tokenizer.encode(line).ids
            row = {"text": line, "ids": plain, "ids_with_special": special,
                   "decoded": tokenizer.decode(plain, skip_special_tokens=False), "decoded_skip": tokenizer.decode(special)}
            file.write(json.dumps(row, ensure_ascii=True, separators=(",", ":")) + "\n")
    generator = random.Random(31)
    with open(folder / "decode.jsonl", "w") as file:
        for _ in range(count):
            ids = [generator.randrange(tokenizer.get_vocab_size() + 3) for _ in range(generator.randint(1, 16))]
            row = {"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False), "decoded_skip": tokenizer.decode(ids)}
            file.write(json.dumps(row, ensure_ascii=True, separators=(",", ":")) + "\n")


def main():
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "tokenizers"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    output.mkdir(parents=True, exist_ok=True)
    write_composition(output / "composition.jsonl")
    for make in [smollm, gpt2_prefix_space, qwen, llama3, llama2, mistral, characters]:
        tokenizer = make()
        lines = ["", "12+34=46", "<bos>7 - 5=2<eos>", "abc é <pad>", "cab"] if make is characters else strings(count)
        folder = output / make.__name__
        folder.mkdir(parents=True, exist_ok=True)
        text = tokenizer.to_str()
        (folder / "tokenizer.json").write_text(legacy_merges(text) if make is smollm else json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")))
        write_golden(folder, tokenizer, lines, count)


main()
