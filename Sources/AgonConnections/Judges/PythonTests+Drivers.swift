extension PythonTests {
    /// Plain values as JSON: what has no form of its own in JSON is tagged, and what is no plain value is refused.
    private static let codec = #"""
        import json, sys

        TAGS = {list: "list", tuple: "tuple", set: "set", frozenset: "frozenset"}
        KINDS = {name: kind for kind, name in TAGS.items()}

        def encode(value):
            kind = type(value)
            if value is None or kind in (bool, int, str):
                return value
            if kind is float:
                return value if value - value == 0 else {"float": repr(value)}
            if kind is complex:
                return {"complex": [encode(value.real), encode(value.imag)]}
            if kind in (bytes, bytearray):
                return {"bytes": bytes(value).hex()}
            if kind in TAGS:
                return {TAGS[kind]: [encode(item) for item in value]}
            if isinstance(value, dict):
                return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
            raise TypeError("a value of type " + kind.__name__ + " is no plain value")

        def decode(value):
            if type(value) is not dict:
                return value
            ((tag, content),) = value.items()
            if tag == "float":
                return float(content)
            if tag == "complex":
                return complex(*map(decode, content))
            if tag == "bytes":
                return bytes.fromhex(content)
            if tag == "dict":
                return {decode(key): decode(item) for key, item in content}
            return KINDS[tag](decode(item) for item in content)
        """#

    /// Runs beside the answer: does the calls that come in, and knows nothing of what they should give.
    static let answerDriver =
        codec + #"""


        import os

        requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
        replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(2, 1)
        sys.path.insert(0, os.getcwd())
        sys.modules.pop("__main__", None)
        fault = module = None
        try:
            import solution as module
        except BaseException as error:
            fault = error

        for line in requests:
            request = json.loads(line)
            reply = {"call": request["call"]}
            try:
                if fault is not None:
                    raise fault
                arguments = decode(request["arguments"])
                value = getattr(module, request["name"])(*arguments, **decode(request["keywords"]))
                if hasattr(value, "__next__"):
                    value = list(value)
                reply["value"] = encode(value)
                reply["arguments"] = encode(arguments)
            except BaseException as error:
                reply["raises"] = type(error).__name__
                reply["text"] = str(error)[:200]
            print(json.dumps(reply), file=replies, flush=True)
        """#

    /// Runs the tests. The answer's functions are stand-ins that ask for the value and compare what comes back here.
    static let testerDriver =
        codec + #"""


        import ast, builtins, math, os, types

        requests = os.fdopen(os.dup(1), "w", encoding="utf-8")
        replies = os.fdopen(os.dup(0), "r", encoding="utf-8")
        os.dup2(2, 1)

        def say(**message):
            print(json.dumps(message), file=requests, flush=True)

        class Gone(BaseException):
            pass

        count = 0

        def stand_in(name):
            def call(*arguments, **keywords):
                global count
                count += 1
                arguments = list(arguments)
                say(call=count, name=name, arguments=encode(arguments), keywords=encode(keywords))
                try:
                    reply = json.loads(replies.readline())
                    if reply["call"] != count or "gone" in reply:
                        raise Gone()
                    if "raises" in reply:
                        kind = getattr(builtins, str(reply["raises"]), None)
                        if not (isinstance(kind, type) and issubclass(kind, Exception)):
                            kind = RuntimeError
                        fault = kind(str(reply.get("text", "")))
                    else:
                        fault, value, after = None, decode(reply["value"]), decode(reply["arguments"])
                        for mine, theirs in zip(arguments, after):
                            if type(mine) is not type(theirs):
                                continue
                            if type(mine) is list:
                                mine[:] = theirs
                            elif type(mine) in (dict, set):
                                mine.clear()
                                mine.update(theirs)
                except Exception:
                    raise Gone() from None
                if fault is not None:
                    raise fault
                return value

            call.__name__ = name
            return call

        def alike(value, wanted):
            if isinstance(wanted, float) or isinstance(value, float):
                numbers = all(type(item) in (int, float) for item in (value, wanted))
                return numbers and (value == wanted or math.isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-12))
            if isinstance(wanted, list):
                return (isinstance(value, (list, tuple)) and len(value) == len(wanted)
                        and all(alike(*pair) for pair in zip(value, wanted)))
            if isinstance(wanted, dict):
                return (isinstance(value, dict) and len(value) == len(wanted)
                        and all(key in value and alike(value[key], wanted[key]) for key in wanted))
            return type(value) is type(wanted) and value == wanted

        def from_cases():
            def test(case):
                wanted = case.get("returns")
                try:
                    value = stand_in(case["call"])(*case.get("arguments", []), **case.get("keywords", {}))
                except Exception as error:
                    assert "raises" in case and type(error).__name__ == case["raises"]
                else:
                    assert "raises" not in case and alike(value, wanted)

            with open("cases.json", encoding="utf-8") as file:
                return [(lambda case=case: test(case)) for case in json.load(file)["cases"]]

        def names_of_answer(tree):
            nodes = list(ast.walk(tree))
            known = set(dir(builtins)) | {"__name__", "__file__"}
            for node in nodes:
                if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                    known.add(node.id)
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    known.add(node.name)
                elif isinstance(node, ast.arg):
                    known.add(node.arg)
                elif isinstance(node, (ast.Import, ast.ImportFrom)):
                    known.update((item.asname or item.name).split(".")[0] for item in node.names)
                elif isinstance(node, ast.ExceptHandler) and node.name:
                    known.add(node.name)
            return {node.id for node in nodes if isinstance(node, ast.Name)} - known

        def from_text():
            with open("tests.py", encoding="utf-8") as file:
                tree = ast.parse(file.read(), "tests.py")
            with open("entry_point.txt", encoding="utf-8") as file:
                entry_point = file.read().strip()
            module = types.ModuleType("solution")
            module.__getattr__ = stand_in
            sys.modules["solution"] = module
            space = {"__name__": "tests"}
            space.update((name, stand_in(name)) for name in names_of_answer(tree))
            functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
            named = [name for name in functions if name.startswith("test")]

            def run(node):
                exec(compile(ast.Module([node], []), "tests.py", "exec"), space)

            def set_up(nodes):
                for node in nodes:
                    run(node)

            if named:
                set_up(tree.body)
                return [space[name] for name in named]
            if entry_point and "check" in functions:
                set_up(tree.body)
                return [lambda: space["check"](stand_in(entry_point))]
            def is_test(node):
                called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
                return isinstance(node, (ast.Assert, ast.For, ast.While, ast.With, ast.Try, ast.If)) or called

            def step(before, node):
                def test():
                    set_up(before)
                    run(node)
                return test

            # An import that fails is the tests' own fault, and is met before the first of them.
            imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
            set_up(imports)
            tests, before = [], []
            for node in tree.body:
                if node in imports:
                    continue
                if is_test(node):
                    tests.append(step(before, node))
                    before = []
                else:
                    before.append(node)
            return tests

        tests = from_cases() if os.path.exists("cases.json") else from_text()
        say(total=len(tests))
        for test in tests:
            try:
                test()
                passed = True
            except BaseException:
                passed = False
            say(passed=passed)
        say(done=True)
        """#
}
