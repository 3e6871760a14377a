"""Writes the tables of character classes and of canonical composition in Sources/AgonTransformer/Unicode.

    pip install tokenizers==0.23.3
    python3 Tests/AgonTransformerTests/Fixtures/make_unicode_tables.py

A tokenizer's ids depend on the Unicode version of the library that it was published with, and `tokenizers` joins three
of them: its regular expressions, Rust's own character classes and its normaliser. So every code point is asked of the
library itself, and the tables hold what it answered.
"""
import sys
from pathlib import Path

try:
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers
except ImportError:
    print("skipped: pip install tokenizers")
    sys.exit(0)

FOLDER = Path(__file__).resolve().parents[3] / "Sources/AgonTransformer/Unicode"
POINTS = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
NFD, NFC = normalizers.NFD(), normalizers.NFC()
HEAD = '// Written by Tests/AgonTransformerTests/Fixtures/make_unicode_tables.py from Hugging Face tokenizers 0.23.3. Do not edit.\n\n'


def matching(regex):
    """The code points that the regular expressions of pre-tokenizers find."""
    text = "".join(map(chr, POINTS))
    return set(map(ord, normalizers.Replace(Regex(f"[^{regex}]"), "").normalize_str(text)))


def numeric():
    """What `Digits` isolates."""
    digits, found = pre_tokenizers.Digits(individual_digits=False), set()
    for start in range(0, len(POINTS), 4096):
        part = POINTS[start:start + 4096]
        text = "".join("aa" + chr(point) for point in part) + "aa"
        for piece, (begin, end) in digits.pre_tokenize_str(text):
            if "a" not in piece:
                found.add(ord(piece))
    return found


def words():
    """What keeps a `single_word` token from matching after it."""
    tokenizer = Tokenizer(models.BPE(vocab={"[w]": 0}, merges=[]))
    tokenizer.add_tokens([AddedToken("[w]", single_word=True, normalized=False)])
    found = set()
    for start in range(0, len(POINTS), 4096):
        part = POINTS[start:start + 4096]
        encoding = tokenizer.encode("".join(chr(point) + "[w] " for point in part))
        matched = {begin for begin, _ in encoding.offsets}
        found.update(point for index, point in enumerate(part) if index * 5 + 1 not in matched)
    return found


def combining_classes():
    """The canonical combining class of each mark, by how the normaliser orders it among marks of known class."""
    import unicodedata

    def precedes(first, second):
        return first != second and NFD.normalize_str("a" + second + first) == "a" + first + second

    # A mark moves before U+0345, whose class 240 is the greatest, or behind U+0334, whose class 1 is the least.
    marks = [chr(point) for point in POINTS if NFD.normalize_str(chr(point)) == chr(point)
             and (precedes(chr(point), "\u0345") or precedes("\u0334", chr(point)))]
    known = {}
    for mark in marks:
        known.setdefault(unicodedata.combining(mark), mark)
    return {ord(mark): next(v for v, other in known.items() if v and not precedes(mark, other) and not precedes(other, mark))
            for mark in marks}


def decompositions():
    """One canonical step of each code point that has one, and whether composition undoes it."""
    steps = {}
    for point in POINTS:
        full = NFD.normalize_str(chr(point))
        if full == chr(point) or 0xAC00 <= point < 0xD7A4:
            continue
        head = NFC.normalize_str(full[:-1])
        composes = NFC.normalize_str(chr(point)) == chr(point) and len(head) == 1
        steps[point] = ([ord(head), ord(full[-1])] if composes else [ord(c) for c in full], composes)
    return steps


def write_classes(classes, steps):
    letters, numbers, spaces = matching(r"\p{L}"), matching(r"\p{N}"), matching(r"\s")
    digits, word = numeric(), words()
    seconds = {parts[1] for parts, composes in steps.values() if composes} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    unstable = set(classes) | seconds | {point for point in POINTS if NFC.normalize_str(chr(point)) != chr(point)}

    def flags(point):
        kind = 1 if point in letters else 2 if point in numbers else 3 if point in spaces else 0
        return kind | (point in digits) << 2 | (point in word) << 3 | (point in unstable) << 4

    runs, last = [], None
    for point in range(0x110000):
        value = flags(point)
        if value != last:
            runs.append(f"0x{point << 8 | value:X}")
            last = value
    lines = ["        " + ", ".join(runs[index:index + 12]) + "," for index in range(0, len(runs), 12)]
    (FOLDER / "ScalarTable+Runs.swift").write_text(
        HEAD + "extension ScalarTable {\n    /// Where each run of equal classes begins, shifted left by 8, with the run's flags below.\n"
        + "    static let runs: [UInt32] = [\n" + "\n".join(lines) + "\n    ]\n}\n")


def packed(words):
    """Words joined by spaces, in lines that a reader can scroll."""
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) > 110:
            lines.append(line)
            line = ""
        line += (" " if line else "") + word
    return "\n".join("        " + text for text in lines + [line])


def write_composition(classes, steps):
    def hexadecimal(points):
        return "+".join(f"{point:X}" for point in points)

    marks, previous = [], None
    for point in sorted(classes):
        if previous and previous[1] == point - 1 and previous[2] == classes[point]:
            previous[1] = point
        else:
            previous = [point, point, classes[point]]
            marks.append(previous)
    (FOLDER / "Composition+Tables.swift").write_text(
        HEAD + "extension Composition {\n"
        + "    /// `first-last:class` of each run of marks, in hexadecimal.\n"
        + '    static let markText = """\n' + packed(f"{a:X}-{b:X}:{c:X}" for a, b, c in marks) + '\n        """\n\n'
        + "    /// `composed=first+second`, decomposed and composed.\n"
        + '    static let pairText = """\n'
        + packed(f"{point:X}={hexadecimal(parts)}" for point, (parts, composes) in steps.items() if composes) + '\n        """\n\n'
        + "    /// `character=parts`, decomposed and never composed again.\n"
        + '    static let singleText = """\n'
        + packed(f"{point:X}={hexadecimal(parts)}" for point, (parts, composes) in steps.items() if not composes) + '\n        """\n'
        + "}\n")


classes, steps = combining_classes(), decompositions()
write_classes(classes, steps)
write_composition(classes, steps)
print(f"{len(classes)} marks, {len(steps)} decompositions written to {FOLDER}")
