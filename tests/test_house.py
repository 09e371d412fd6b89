"""The house rules as tests: every message names the culprit, the line and what to write instead.

A rule is a function from one source file to the faults it finds there; RULES says which files it holds
for. The snippets at the end show every rule what it must refuse and good code that it must leave alone.
"""

import ast
import inspect
import io
import re
import statistics
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

import pytest

import civicloop

ROOT = Path(__file__).parent.parent
LAYERS = ("model", "loop", "street", "sdk", "stores", "engine", "running", "gateway", "daemon", "terminal")

FILE_LINES_MAX = 399
FUNCTION_LINES_MAX = 70
FUNCTION_LINES_MAX_OF_95_PERCENT = 50
FUNCTION_LINES_MEDIAN_MAX = 20
PURE_CODE_LINES_MAX = 3050  # decision 12 says what it holds; the aim was 1,500
OURS = ("civicloop", "core", "plugins", "cli")


@dataclass(frozen=True)
class Source:
    """One file, and what its names mean."""

    path: str  # from the root of the repository
    text: str

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.text)))

    @cached_property
    def tokens(self) -> list[tokenize.TokenInfo]:
        return list(tokenize.generate_tokens(io.StringIO(self.text).readline))

    @cached_property
    def imported(self) -> dict[str, str]:
        """Local name to dotted name, wherever in the file it was imported."""
        found = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.split(".")[0]
                    found |= {alias.asname: alias.name} if alias.asname else {top: top}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return found

    def dotted(self, node: ast.AST) -> str:
        """After `from datetime import datetime as dt`, `dt.now` is `datetime.datetime.now`; else ''."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, "")
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""

    def imports(self) -> Iterator[tuple[int, int, str, str]]:
        """Line, level (dots in front), module and imported word; `import x` has no word."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((node.lineno, 0, alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, node.level, node.module or "", alias.name) for alias in node.names)

    def comments(self) -> Iterator[tuple[int, str]]:
        for token in self.tokens:
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string

    def functions(self) -> Iterator[tuple[int, str, int]]:
        """Line, name and length of every function, the nested ones and the methods included."""
        for node in self.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.lineno, node.name, (node.end_lineno or 0) - node.lineno + 1

    def code_lines(self) -> int:
        """Lines that are neither blank, nor comment, nor docstring."""
        lines: set[int] = set()
        for token in self.tokens:
            if token.string.strip() and token.type != tokenize.COMMENT:
                lines.update(range(token.start[0], token.end[0] + 1))
        for node in self.nodes:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                lines.difference_update(range(node.lineno, (node.end_lineno or 0) + 1))
        return len(lines)


Faults = Iterator[tuple[int, str]]
Rule = Callable[[Source], Faults]


# --- layers and doors


def imports_point_left(source: Source) -> Faults:
    folder = source.path.split("/")[:-1]
    own = source.path.split("/")[1].removesuffix(".py")
    if own not in (*LAYERS, "testing", "__init__"):
        yield 1, f"core/{own} stands outside the row {' -> '.join(LAYERS)}; move it into its layer"
        return
    for line, level, module, word in source.imports():
        if not level:
            if module.split(".")[0] in OURS:
                yield line, f"{module} is absolute; inside core/ write: from ..model import Case"
            continue
        target = [*folder[: max(0, len(folder) - level + 1)], *filter(None, module.split(".")), word]
        if target[0] != "core":
            yield line, "the import leaves core/; core knows nothing of plugins, give it a hook to call"
        elif target[1] != own and own != "testing":
            yield from ((line, fault) for fault in layer_faults(own, target[1]))


def layer_faults(own: str, target: str) -> Iterator[str]:
    if target == "testing":
        yield f"{own} imports testing; turn it round: the test kit looks at the core"
    elif target not in LAYERS:
        yield f"{own} imports core/{target}, which is no layer; import from one of {', '.join(LAYERS)}"
    elif own == "__init__":
        yield f"core/__init__.py imports {target}; public words go into src/civicloop/__init__.py"
    elif LAYERS.index(target) > LAYERS.index(own):
        yield f"{own} imports {target}, which stands right of it; move what is shared left"


def plugins_use_the_public_door(source: Source) -> Faults:
    folder = source.path.split("/")[:-1]
    for line, level, module, word in source.imports():
        if level:
            if len(folder) - level + 1 < 2:
                yield line, "the import leaves this plugin; write `from civicloop import ...`"
        elif module == "civicloop" and word:
            if word not in civicloop.__all__:
                yield line, f"{word} is not in civicloop.__all__; use a word that is, or make it public"
        elif module == "civicloop.testing" and not is_test(source.path):
            yield line, "the test kit is for tests; write `from civicloop import ...`"
        elif module.split(".")[0] in OURS and not (module == "civicloop.testing" and word):
            yield line, f"{module} is not for plugins; write `from civicloop import ...`"


def outsiders_import_the_package(source: Source) -> Faults:
    for line, level, module, _ in source.imports():
        if not level and module.split(".")[0] in OURS[1:]:
            yield line, f"{module} is not its name once installed; write civicloop.{module}"


# --- lengths


def files_are_short(source: Source) -> Faults:
    lines = len(source.text.splitlines())
    if lines > FILE_LINES_MAX:
        yield lines, f"the file has {lines} lines, at most {FILE_LINES_MAX}; split it along its nouns"


def functions_are_short(source: Source) -> Faults:
    for line, name, length in source.functions():
        if length > FUNCTION_LINES_MAX:
            yield line, f"{name} has {length} lines, at most {FUNCTION_LINES_MAX}; give its parts names"


# --- bans

CLOCK_READS = {
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.localtime"),
    *("time.perf_counter", "time.perf_counter_ns"),
}
CHANCE = {"random", "secrets", "uuid"}
INPUT_OUTPUT = {"aiohttp", "asyncio", "logging", "socket", "sqlalchemy", "sqlite3", "structlog", "threading"}
SLEEPS = {"time.sleep", "asyncio.sleep"}
# Written apart, so that this file does not contain what it looks for.
MARKERS = "T-O-D-O|F-I-X-M-E|X-X-X".replace("-", "")
EXCUSES = "simpl-ified|in a real- system|place-holder|not impl-emented".replace("-", "")
UNFINISHED = re.compile(rf"\b(?:{MARKERS}|(?i:{EXCUSES}))\b")
DIRECTIVE = re.compile(r"#\s*(?:(?:type|pyright):\s*ignore(?:\[[^]]*\])?|noqa(?::\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)?)")


def time_is_read_in_clock_only(source: Source) -> Faults:
    for node in source.nodes:
        name = source.dotted(node)
        if name.startswith("time.perf_counter") and source.path.startswith("benchmarks/"):
            continue
        if name in CLOCK_READS and not source.path.endswith("/clock.py"):
            yield node.lineno, f"{name} reads a clock; take `now` as an argument, only clock.py asks"


def the_pure_loop_is_pure(source: Source) -> Faults:
    for line, _, module, _ in source.imports():
        if (top := module.split(".")[0]) in CHANCE:
            yield line, f"{top} is chance; draw by hashing the case id with hashlib"
        elif top in INPUT_OUTPUT:
            yield line, f"{top} is input or output; put it into the Decision, the engine does it"
    for node in source.nodes:
        if source.dotted(node) == "os.urandom":
            yield node.lineno, "os.urandom is chance; draw by hashing the case id with hashlib"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash":
            yield node.lineno, "hash() of a text differs from process to process; use hashlib"


def no_error_is_swallowed(source: Source) -> Faults:
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield node.lineno, "a bare except catches even the stop signal; name the errors you expect"
            elif is_broad(node.type) and all(map(does_nothing, node.body)):
                yield node.lineno, "every error is swallowed; name the expected one, or count and log it"
        elif is_suppress(node, source) and any(map(is_broad, node.args)):
            yield node.lineno, "suppress swallows every error; name the expected one: suppress(KeyError)"


def is_suppress(node: ast.AST, source: Source) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and source.dotted(node.func) == "contextlib.suppress"


def is_broad(errors: ast.AST | None) -> bool:
    listed = errors.elts if isinstance(errors, ast.Tuple) else [errors]
    return any(isinstance(error, ast.Name) and error.id in ("Exception", "BaseException") for error in listed)


def does_nothing(statement: ast.stmt) -> bool:
    talks = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return talks or isinstance(statement, ast.Pass | ast.Continue)


def nothing_prints(source: Source) -> Faults:
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield node.lineno, "print is read by nobody; log with structlog, or click.echo in cli.py"


def no_test_sleeps(source: Source) -> Faults:
    for node in source.nodes:
        if (name := source.dotted(node)) in SLEEPS:
            yield node.lineno, f"{name} is slow and unsure; move the clock (town.wait) or await the fact"


def no_test_mocks_us(source: Source) -> Faults:
    remedy = "hand a stand-in to the constructor or use civicloop.testing.Town"
    for line, _, module, word in source.imports():
        if module.split(".")[0] in ("mock", "pytest_mock") or f"{module}.{word}".startswith("unittest.mock"):
            yield line, f"a mock; {remedy}"
    for node in source.nodes:
        if isinstance(node, ast.arg) and node.arg == "mocker":
            yield node.lineno, f"a mock; {remedy}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setattr":
            target = node.args[0] if node.args else node
            name = str(target.value) if isinstance(target, ast.Constant) else source.dotted(target)
            if not name or name.split(".")[0] == "civicloop":
                yield node.lineno, f"setattr on our own object; {remedy}"


def ignores_are_explained(source: Source) -> Faults:
    for line, comment in source.comments():
        if DIRECTIVE.search(comment) and len(re.findall(r"\w+", DIRECTIVE.sub("", comment))) < 2:
            yield line, f"`{comment}` gives no reason; append one: {comment}  # because ..."


def work_is_finished(source: Source) -> Faults:
    for line, text in enumerate(source.text.splitlines(), start=1):
        if found := UNFINISHED.search(text):
            yield line, f"{found.group()!r} marks unfinished work; finish it, or open an issue instead"


def docstrings_say_more_than_the_name(source: Source) -> Faults:
    for node in source.nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None and echoes(node.name, text):
                yield node.lineno, f"the docstring of {node.name} repeats its name; say more or drop it"


def echoes(name: str, docstring: str) -> bool:
    return stems(docstring) <= stems(name) | FILLER


def stems(text: str) -> set[str]:
    """`OpenCases` and `open_case` are both {'open', 'case'}."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+", text)
    return {word.lower().rstrip("s") for word in words}


FILLER = stems("a an the this that of for to and or is class function method represents returns gets")


# --- which rule holds where


def is_test(path: str) -> bool:
    return path.startswith("tests/") or re.match(r"plugins/.*/(tests/|test_|conftest)", path) is not None


def within(*prefixes: str) -> Callable[[str], bool]:
    return lambda path: path.startswith(prefixes)


SHIPPED = ("core/", "plugins/", "cli.py")
PURE = ("core/model/", "core/loop/")
RULES: dict[Rule, Callable[[str], bool]] = {
    imports_point_left: within("core/"),
    plugins_use_the_public_door: within("plugins/"),
    outsiders_import_the_package: within("tests/", "examples/", "benchmarks/"),
    files_are_short: within(*SHIPPED),
    functions_are_short: within(*SHIPPED),
    time_is_read_in_clock_only: within(""),
    the_pure_loop_is_pure: within(*PURE),
    no_error_is_swallowed: within(""),
    nothing_prints: within("core/", "plugins/", "src/"),
    no_test_sleeps: lambda path: is_test(path) and not path.startswith("tests/crash/"),
    no_test_mocks_us: is_test,
    ignores_are_explained: within(""),
    work_is_finished: within(*SHIPPED),
    docstrings_say_more_than_the_name: within(*SHIPPED, "src/"),
}


def files(*folders: str, endings: Iterable[str] = (".py",)) -> list[str]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in endings)
    return sorted(path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts)


def read(path: str) -> Source:
    return Source(path, (ROOT / path).read_text(encoding="utf-8"))


def faults(rule: Rule, source: Source) -> list[str]:
    found = rule(source) if RULES[rule](source.path) else ()
    return [f"{source.path}:{line}: {complaint}" for line, complaint in found]


LINKS = ("src/civicloop/core", "src/civicloop/plugins", "src/civicloop/cli.py")
CODE = ["cli.py", *files("core", "plugins", "tests", "examples", "benchmarks", "src")]
CODE = [path for path in CODE if not path.startswith(LINKS)]
PARTS = [*(f"core/{layer}" for layer in LAYERS), "core/testing/", "plugins/", "tests/", "src/civicloop/"]
DATA = files("core", "plugins", endings=(".toml", ".csv", ".md", ".sql", ".html", ".json", ".mako"))


@pytest.mark.parametrize("path", CODE)
def test_a_source_file_keeps_the_house_rules(path: str) -> None:
    source = read(path)
    found = [fault for rule in RULES for fault in faults(rule, source)]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("path", DATA)
def test_a_data_file_holds_no_unfinished_work(path: str) -> None:
    found = faults(work_is_finished, read(path))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_the_house_is_looked_at(part: str) -> None:
    assert any(path.startswith(part) for path in CODE), f"{part}: no file found; repair files() or LAYERS"


def test_most_functions_are_short() -> None:
    shipped = [path for path in CODE if path.startswith(SHIPPED)]
    found = [(size, path, line, name) for path in shipped for line, name, size in read(path).functions()]
    median = statistics.median(size for size, *_ in found)
    assert median <= FUNCTION_LINES_MEDIAN_MAX, f"half of all functions have {median} lines or more; split them"
    longest = sorted(found)[int(len(found) * 0.95) :]
    assert longest[0][0] <= FUNCTION_LINES_MAX_OF_95_PERCENT, f"more than 5 % are long; split some: {longest}"


def test_the_pure_loop_stays_small() -> None:
    pure = {path: read(path).code_lines() for path in CODE if path.startswith(PURE)}
    total = sum(pure.values())
    assert total <= PURE_CODE_LINES_MAX, f"{total} lines of code in the pure loop; move shell work right: {pure}"


def undocumented(module: ModuleType) -> Iterator[str]:
    for word in module.__all__:
        thing = getattr(module, word)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        text = vars(thing).get("__doc__") or "" if inspect.isclass(thing) else thing.__doc__ or ""
        if not text or text.startswith(f"{word}("):  # what dataclasses and named tuples write by themselves
            yield f"{word} has no docstring; say what it is for, its units, its errors and its source"
        elif echoes(word, text):
            yield f"the docstring of {word} repeats its name; say what a reader cannot guess"


def test_every_public_word_is_documented() -> None:
    assert not (found := list(undocumented(civicloop))), "\n" + "\n".join(found)


# --- the rules themselves, each on code that it must refuse and on code that it must allow

CASE, DECIDE, LOADER = "core/model/case.py", "core/loop/decide.py", "core/sdk/loader.py"
TURN, DAEMON, CLI = "core/engine/turn.py", "core/daemon.py", "cli.py"
BINS, BINS_TEST, TEST = "plugins/bins/__init__.py", "plugins/bins/tests/test_bins.py", "tests/test_x.py"

REFUSED: dict[Rule, list[tuple[str, str, int]]] = {
    imports_point_left: [
        (CASE, "from ..loop.decide import decide", 1),
        (TURN, "import os\nfrom .. import gateway", 2),
        (TURN, "def late():\n    from ..daemon import run", 2),
        (DAEMON, "from .testing import Town", 1),
        (LOADER, "from ..helpers import merge", 1),
        (LOADER, "from ... import plugins", 1),
        (LOADER, "from ..... import plugins", 1),
        (LOADER, "from civicloop.core.model import Case", 1),
        ("core/testing/town.py", "import civicloop", 1),
        ("core/__init__.py", "from .model import Case", 1),
        ("core/helpers.py", "", 1),
    ],
    plugins_use_the_public_door: [
        (BINS, "from civicloop.core.model import Case", 1),
        (BINS, "import civicloop", 1),
        (BINS, "from civicloop import core", 1),
        (BINS, "from civicloop import *", 1),
        (BINS, "from civicloop.testing import Town", 1),
        (BINS, "from core.model import Case", 1),
        (BINS, "from ..care import Fall", 1),
        (BINS, "from ...core import model", 1),
        (BINS_TEST, "import civicloop.testing", 1),
        (BINS_TEST, "from civicloop.core.testing import Town", 1),
    ],
    outsiders_import_the_package: [
        (TEST, "from core.model import Case", 1),
        ("examples/hello.py", "import plugins.garbage_sorting", 1),
        ("benchmarks/turns.py", "import cli", 1),
    ],
    files_are_short: [(CASE, "x = 1\n" * 400, 400)],
    functions_are_short: [
        (CASE, "def long():\n" + "    x = 1\n" * 70, 1),
        (CLI, "class A:\n    async def long(self):\n" + "        x = 1\n" * 70, 2),
    ],
    time_is_read_in_clock_only: [
        (TURN, "from datetime import datetime\ndatetime.now(tz)", 2),
        (BINS, "from datetime import datetime as dt\nread = dt.utcnow", 2),
        (CLI, "import datetime\ndatetime.date.today()", 2),
        (TURN, "import time as t\nt.time()", 2),
        (TEST, "from time import monotonic\nmonotonic()", 2),
        (TURN, "import time\ntime.perf_counter()", 2),
    ],
    the_pure_loop_is_pure: [
        (DECIDE, "import random", 1),
        (CASE, "from secrets import token_hex", 1),
        (CASE, "def f():\n    from uuid import uuid4", 2),
        (CASE, "import os\nos.urandom(8)", 2),
        (CASE, "from os import urandom\nurandom(8)", 2),
        (DECIDE, "hash(case_id) % 100", 1),
        (DECIDE, "import sqlalchemy.orm", 1),
    ],
    no_error_is_swallowed: [
        (TURN, "try:\n    f()\nexcept:\n    raise", 3),
        (TURN, "try:\n    f()\nexcept Exception:\n    pass", 3),
        (CLI, "for x in y:\n    try:\n        f()\n    except (OSError, Exception):\n        continue", 4),
        (CLI, "try:\n    f()\nexcept BaseException as e:\n    'never mind'", 3),
        (CLI, "from contextlib import suppress\nwith suppress(Exception):\n    f()", 2),
    ],
    nothing_prints: [(DAEMON, "def f():\n    print('started')", 2), (BINS, "print(1)", 1)],
    no_test_sleeps: [
        (TEST, "import time\ntime.sleep(1)", 2),
        ("tests/engine/test_x.py", "from asyncio import sleep\nawait sleep(0)", 2),
        (BINS_TEST, "import asyncio\nawait asyncio.sleep(0)", 2),
    ],
    no_test_mocks_us: [
        (TEST, "from unittest.mock import Mock", 1),
        (TEST, "from unittest import mock", 1),
        (TEST, "import unittest.mock", 1),
        (TEST, "def test(mocker): ...", 1),
        (TEST, "monkeypatch.setattr('civicloop.core.engine.turn', f)", 1),
        (TEST, "from civicloop.core import engine\nmonkeypatch.setattr(engine, 'f', g)", 2),
        (TEST, "def test(engine, monkeypatch):\n    monkeypatch.setattr(engine, 'f', g)", 2),
        (TEST, "import civicloop\nmonkeypatch.setattr(target=civicloop, name='f', value=g)", 2),
    ],
    ignores_are_explained: [
        (CASE, "x = f()  # type: ignore[arg-type]", 1),
        (TEST, "\nx = f()  # noqa: BLE001, S101", 2),
        (CLI, "x = f()  # type: ignore  # noqa", 1),
    ],
    work_is_finished: [
        *((DECIDE, f"x = 1\n# {word} later", 2) for word in MARKERS.split("|")),
        *(("plugins/bins/texts.toml", f"# {words.capitalize()}", 1) for words in EXCUSES.split("|")),
    ],
    docstrings_say_more_than_the_name: [
        (CASE, "class WorkOrder:\n    'A work order.'", 1),
        (CLI, "def open_cases():\n    'Returns the open cases.'", 1),
        (CLI, "def run():\n    ''", 1),
    ],
}

ALLOWED: dict[Rule, list[tuple[str, str]]] = {
    imports_point_left: [
        (DECIDE, "import hashlib\nfrom ..model.case import Case\nfrom .verify import verify"),
        (DAEMON, "from .gateway.http import serve\nfrom .model import Case"),
        ("core/model/__init__.py", "from .case import Case"),
        ("core/testing/town.py", "from ..daemon import wire\nfrom ..loop import decide"),
    ],
    plugins_use_the_public_door: [
        (BINS, "from civicloop import Scenario\nfrom .rules import FULL"),
        ("plugins/bins/parts/__init__.py", "from ..rules import FULL\nimport re"),
        (BINS_TEST, "from civicloop.testing import Town"),
    ],
    outsiders_import_the_package: [(TEST, "from civicloop.core.model import Case\nfrom .core import x")],
    files_are_short: [(CASE, "x = 1\n" * 399)],
    functions_are_short: [(CASE, "def long():\n" + "    x = 1\n" * 69)],
    time_is_read_in_clock_only: [
        ("core/running/clock.py", "from datetime import datetime\ndatetime.now(tz)"),
        ("benchmarks/turns.py", "import time\ntime.perf_counter()"),
        (TURN, "def f(clock, date):\n    return clock.now(), date.today"),
    ],
    the_pure_loop_is_pure: [
        (DECIDE, "import hashlib\nfrom zoneinfo import ZoneInfo"),
        (TURN, "import asyncio"),
    ],
    no_error_is_swallowed: [
        (CLI, "try:\n    f()\nexcept OSError:\n    pass"),
        (CLI, "try:\n    f()\nexcept Exception:\n    quarantine(event)"),
        (CLI, "from contextlib import suppress\nwith suppress(KeyError):\n    f()"),
    ],
    nothing_prints: [("examples/hello.py", "print('hello')")],
    no_test_sleeps: [
        ("tests/crash/test_power.py", "import time\ntime.sleep(1)"),
        (DAEMON, "import asyncio\nawait asyncio.sleep(1)"),
    ],
    no_test_mocks_us: [
        (TEST, "import sys\nmonkeypatch.setattr(sys, 'argv', [])"),
        (TEST, "monkeypatch.setattr('sys.argv', [])"),
        (TEST, "monkeypatch.setenv('TZ', 'UTC')"),
    ],
    ignores_are_explained: [
        (CLI, "x = f()  # noqa: BLE001 - a plugin may raise anything"),
        (CLI, "x = f()  # type: ignore[misc]  # pluggy has no types here"),
        (CLI, "x = '# type: ignore'"),
    ],
    work_is_finished: [(DECIDE, "todo = 'HTTP 501' and NotImplemented")],
    docstrings_say_more_than_the_name: [
        (CLI, "class WorkOrder:\n    'What one party is asked at one step.'"),
        (CLI, "class WorkOrder:\n    '派单: one ask.'"),
    ],
}


def rows(table: dict[Rule, list[tuple]]) -> list:
    return [
        pytest.param(rule, *case, id=f"{rule.__name__}-{number}")
        for rule, cases in table.items()
        for number, case in enumerate(cases)
    ]


@pytest.mark.parametrize(("rule", "path", "code", "line"), rows(REFUSED))
def test_a_rule_refuses(rule: Rule, path: str, code: str, line: int) -> None:
    found = faults(rule, Source(path, code))
    assert len(found) == 1
    assert found[0].startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(("rule", "path", "code"), rows(ALLOWED))
def test_a_rule_allows(rule: Rule, path: str, code: str) -> None:
    assert faults(rule, Source(path, code)) == []


def test_every_rule_is_shown_what_it_must_refuse_and_allow() -> None:
    assert REFUSED.keys() == ALLOWED.keys() == RULES.keys()


def test_lines_of_code_are_neither_blank_nor_comment_nor_docstring() -> None:
    silent = '"""Why\nand what."""\n\n# a comment\n'
    code = 'x = """two\nlines"""\n\n\ndef f():\n    "Why."\n    return (\n        x\n    )\n'
    assert Source("core/model/x.py", silent + code).code_lines() == 6


def test_functions_are_counted_with_the_nested_ones() -> None:
    code = "def a():\n    def b():\n        pass\n\n    return b\n\nclass C:\n    async def d(self): ...\n"
    assert sorted(Source("core/model/x.py", code).functions()) == [(1, "a", 5), (2, "b", 2), (8, "d", 1)]


def test_an_undocumented_public_word_is_found() -> None:
    module = ModuleType("toy")
    exec(
        "from dataclasses import dataclass\n"
        "class Bare: ...\n"
        "class Base:\n    'Has a meaning that its heirs do not inherit.'\n"
        "class Heir(Base): ...\n"
        "@dataclass\nclass Row:\n    x: int\n"
        "def find_case():\n    'Find the case.'\n"
        "def told():\n    'Says what nobody could guess.'\n"
        "NUMBER = 3\n"
        "__all__ = ['Bare', 'Base', 'Heir', 'Row', 'find_case', 'told', 'NUMBER']\n",
        module.__dict__,
    )
    assert [fault.split()[0] for fault in undocumented(module)] == ["Bare", "Heir", "Row", "the"]
