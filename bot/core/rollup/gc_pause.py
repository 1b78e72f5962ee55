"""Makes Python's garbage collection rare while entries are counted."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside: list[tuple[int, int, int]] = []
"""One item per active context, each the thresholds from before the first one."""


@contextmanager
def few_collections() -> Iterator[None]:
    """Makes collections rare; counting entries creates no reference cycles.

    Each collection visits all objects that are kept, and one page of entries would trigger
    several. Hold the context around everything that is done with the entries, since a full
    collection is likely after it. The last of several threads to leave restores the thresholds.
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
