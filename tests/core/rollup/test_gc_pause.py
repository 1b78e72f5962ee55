"""Cycles are looked for as usual once nobody counts entries any more."""

from __future__ import annotations

import gc

from bot.core.rollup.gc_pause import few_collections


def test_who_leaves_last_makes_it_usual_again() -> None:
    usual = gc.get_threshold()
    first, second = few_collections(), few_collections()
    first.__enter__()
    second.__enter__()
    assert gc.get_threshold() > usual
    first.__exit__(None, None, None)  # not in the order of a stack: these are two threads
    assert gc.get_threshold() > usual
    second.__exit__(None, None, None)
    assert gc.get_threshold() == usual
