"""Python's search for cycles, which costs much where much is kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def few_collections() -> Iterator[None]:
    """While entries are counted, cycles are looked for rarely: counting makes none.

    Each search visits all that is kept, and a page of entries would set off several.
    """
    before = gc.get_threshold()
    gc.set_threshold(1_000_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
