"""Waiting for what another thread or process does: the one place where tests let time pass.

A test that knows of an event (a line on a pipe, a lock, a queue's answer) waits for that instead.
Whoever writes a file for a test to read writes it whole: under another name first (`write_whole`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bot.adapters.redis.server import pids

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds: far beyond what a busy machine needs, so that only a mistake runs into it."""


def eventually(look: Callable[[], T | None], within: float = PATIENCE) -> T:
    """The first true answer of `look`, which is asked again and again.

    Raises `AssertionError` with the last answer if there is none `within` so many seconds.
    """
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, f"still {found!r} after {within:.0f} s"
        time.sleep(0.01)
    return found


def write_whole(path: Path, text: str) -> None:
    """Writes a file that whoever reads it finds either complete or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)


def ended(pid: int) -> bool:
    """Whether a process is gone, or dead and only waits for its parent to collect it."""
    return pids.command(pid) is None


def children(pid: int) -> set[int]:
    """Linux: the processes that this one started and that are still there."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:  # it ends while we look, or this is no Linux
        return set()
    return {int(each) for each in text.split()}
