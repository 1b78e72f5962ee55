"""Python's search for cycles, which costs much where much is kept."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside: list[tuple[int, int, int]] = []
"""The thresholds that each who is inside found; the first one's are the usual ones."""


@contextmanager
def few_collections() -> Iterator[None]:
    """While entries are counted, cycles are looked for rarely: counting makes none.

    Hold it around all that is done with them: when it ends, all that was kept is visited once.
    Each search visits all that is kept, and a page of entries would set off several. The last of
    several threads to leave makes it usual again.
    """
    with _lock:
        _inside.append(_inside[0] if _inside else gc.get_threshold())
        gc.set_threshold(1_000_000, 50, 100)
    try:
        yield
    finally:
        with _lock:
            usual = _inside.pop()
            if not _inside:
                gc.set_threshold(*usual)
