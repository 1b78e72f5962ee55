"""What is stored has one door a subject: no room spells a key of its own, and handlers parse none."""

from __future__ import annotations

import ast

from bot.adapters.redis.notes import Notes
from bot.toolbox import Toolbox
from bot.wiring import Wiring
from tests.paths import ROOT


def imported(folder):
    """Every module and name that a folder's files import."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield path, str(node.module)
                yield from ((path, f"{node.module}.{alias.name}") for alias in node.names)


def test_nobody_is_handed_a_store_without_a_type():
    for tools in (Toolbox, Wiring):
        assert not hasattr(tools, "notes")
    outside = {
        path.relative_to(ROOT)
        for folder in ("bot", "handlers")
        for path, name in imported(folder)
        if name.startswith(Notes.__module__) and path.parent != ROOT / "bot/adapters/redis"
    }
    assert not outside


def test_handlers_read_nothing_that_a_job_wrote():
    readers = {"json", "orjson", "bot.core.model.codec", "bot.jobs"}
    found = {(path.name, name) for path, name in imported("handlers") if name in readers}
    assert not found
