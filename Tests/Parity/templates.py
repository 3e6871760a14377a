"""Compares agon's chat templates with `transformers.apply_chat_template`.

    python3 Tests/Parity/templates.py [--package FOLDER] [--snippets 4000] [--seed 1]

Cases are agon's own templates, the templates that an installed `trl` brings along, and random snippets of Jinja; each is
rendered with a table of conversations and options. Text and generated parts must agree, and for whole templates so
must refusals. A case that agon calls unsupported is counted apart: that is its answer to what its part of Jinja lacks.
Of the snippets, which are mostly nonsense, some are refused by one side alone: Jinja folds constants before it looks at
types. Ends with 1 if anything else differs.
"""
import argparse
import collections
import json
import os
import random
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/AgonTransformerTests/Fixtures"))
try:
    import make_chat
except ImportError as missing:
    print(f"skipped: {missing}; pip install transformers jinja2")
    sys.exit(0)

TEXTS = ["'a'", "'Hello World'", "''", "'  x '", "'a,b'", "'é🙂'", "'<t>'", "'12'", "m.content", "m['role']", "nested.a.b[0]"]
NUMBERS = ["0", "1", "-1", "3", "2.5", "true", "list[1]", "loop.index0", "m.content|length", "10 ** 3"]
LISTS = ["list", "[]", "[1, 'a', none]", "rows", "messages", "'a b c'.split()", "[3, 1, 2]|sort", "range(4)|list", "list[1:]", "list[::-1]", "table.items()|list"]
THINGS = ["none", "missing", "table", "nested", "{}", "{'k': [1, {'z': 'q'}]}", "ns.x", "rows[0]", "(1, 'b')", "rows|selectattr('n', 'gt', 1)|list"]
FILTERS = ["upper", "lower", "trim", "length", "string", "list", "first", "last", "default('d')", "default('d', true)", "tojson", "tojson(indent=2)", "int", "float", "title", "capitalize",
           "join(', ')", "replace('a', 'b')", "reverse|list", "sort", "unique|list", "map('string')|join", "select|list", "abs", "sum", "max", "indent", "count", "items|list", "dictsort"]
TESTS = ["defined", "not defined", "none", "string", "mapping", "iterable", "sequence", "number", "boolean", "true", "odd", "undefined", "integer", "in list", "eq 1", "not none"]
METHODS = [".upper()", ".strip()", ".split(',')", ".startswith('a')", ".endswith('d')", ".replace('l', 'LL')", ".lstrip('a')", ".split()[-1]", ".title()", ".find('b')", ".lower().count('o')", "[1:]", "[::-1]", "[:2]", "[0]", "[-1:]", ".items()|list", ".get('a', 1)", ".x", "['k']"]


class Snippets:
    """Random templates, nested a few levels deep."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def expression(self, depth):
        choose = self.random.choice
        kind = self.random.randrange(14 if depth else 4)
        if kind < 4:
            return choose([TEXTS, NUMBERS, LISTS, THINGS][kind])
        inner = self.expression(depth - 1)
        if kind < 6:
            return f"({inner}){choose(METHODS)}"
        if kind < 9:
            return f"({inner})|{choose(FILTERS)}"
        if kind == 9:
            return f"(({inner}) is {choose(TESTS)})"
        other = self.expression(depth - 1)
        if kind < 12:
            symbol = choose(["+", "-", "*", "/", "//", "%", "~", "~", "==", "!=", "<", ">=", "in", "not in", "and", "or"])
            return f"(({inner}) {symbol} ({other}))"
        if kind == 12:
            return f"({inner} if {other} else {self.expression(0)})"
        return choose([f"[{inner}, {other}]", f"{{'k': {inner}, 'j': {other}}}", f"(not {inner})", f"f({inner}, b={other})"])

    def statement(self, depth):
        choose, expression = self.random.choice, self.expression(2)
        kind = self.random.randrange(9 if depth else 2)
        dash = choose(["", "-", "", "+"])
        if kind < 2:
            return f"{choose(['', ' ', chr(10), '  '])}{{{{{dash.replace('+', '')} {expression} {choose(['', '-'])}}}}}"
        body = "".join(self.statement(depth - 1) for _ in range(self.random.randint(1, 2)))
        open_tag, close = f"{{%{dash} ", f" {choose(['', '-'])}%}}{choose(['', chr(10)])}"
        if kind < 4:
            return f"{open_tag}if {expression}{close}{body}{{% elif {self.expression(1)} %}}e{{% else %}}\n{self.expression(0)}{{% endif %}}"
        if kind < 6:
            return f"{open_tag}for m in messages{close}{body}{{{{ loop.last }}}}{open_tag}endfor{close}"
        if kind == 6:
            return f"{open_tag}set {choose(['x', 'missing', 'ns.x'])} = {expression}{close}{body}"
        if kind == 7:
            return f"{open_tag}set x{close}{body}{{% endset %}}{{{{ x|trim }}}}"
        return f"{open_tag}for k in {choose(LISTS)} if k{close}{{{{ k }}}},{body}{{% else %}}none{{% endfor %}}"

    def template(self):
        head = "{% set ns = namespace(x=1) %}{% macro f(a, b=2) %}<{{ a }}|{{ b }}>{% endmacro %}{% for m in messages %}"
        return head + self.statement(2) + "{% endfor %}"


def cases(count, seed):
    for key, template, messages, options in make_chat.cases():
        yield "own", {"template": template}, template, messages, options
    spec = find_spec("trl")
    folder = Path(spec.origin).parent / "chat_templates" if spec else Path("absent")
    for path in sorted(folder.glob("*.jinja")):
        template = path.read_text()
        for messages in make_chat.CONVERSATIONS:
            for options in make_chat.OPTIONS:
                yield path.stem, {"template": template}, template, messages, options
    snippets = Snippets(seed)
    for _ in range(count):
        template = snippets.template()
        yield "snippets", {"template": template}, template, make_chat.CONVERSATIONS[1], make_chat.VARIABLES


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--package", default=ROOT, type=Path, help="the built Swift package")
    parser.add_argument("--snippets", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--refusals", action="store_true", help="show where only one side refuses a snippet, too")
    options = parser.parse_args()
    chosen = list(cases(options.snippets, options.seed))
    rows = [make_chat.row(*case[1:]) for case in chosen]
    with tempfile.TemporaryDirectory() as folder:
        make_chat.write(Path(folder) / "cases.jsonl", rows)
        subprocess.run(["swift", "test", "--skip-build", "--filter", "ChatTemplateParity"], cwd=options.package, check=True,
                       stdout=subprocess.DEVNULL, env={**os.environ, "AGON_PARITY_TEMPLATES": folder})
        results = [json.loads(line) for line in (Path(folder) / "results.jsonl").read_text().split("\n")]
    assert len(results) == len(rows)
    totals, examples = collections.defaultdict(collections.Counter), []
    for (group, _, template, _, _), row, result in zip(chosen, rows, results):
        unsupported = not result["equal"] and "is not supported" in result["outcome"]
        refuses = result["outcome"].startswith("The chat template line")
        kind = ("equal" if result["equal"] else "unsupported" if unsupported else "refused by agon alone" if refuses else
                "refused by Jinja alone" if row["text"] is None else "different")
        totals[group][kind] += 1
        if kind == "unsupported" and group != "snippets":
            totals[group][result["outcome"].split(": ", 1)[1][:90]] += 1
        if kind == "different" or kind.startswith("refused") and (group != "snippets" or options.refusals):
            examples.append((group, template if group == "snippets" else "", result["outcome"], row["text"]))
    for group, counts in totals.items():
        print(f"{group:32}", *(f"{count} {kind}," for kind, count in counts.items()))
    for example in examples[:60]:
        print("", *(repr(part)[:900] for part in example), sep="\n    ")
    print(f"{sum(counts['equal'] for counts in totals.values())} equal, {len(examples)} different")
    sys.exit(1 if examples else 0)


if __name__ == "__main__":
    main()
