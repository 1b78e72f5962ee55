"""Puts RQ's keys under the installation's prefix, so that installations never share a queue.

RQ reads RQ_KEY_PREFIX once, at import (rq/defaults.py). So call `claim` before that; a process
works for one installation only.
"""

from __future__ import annotations

import os
import sys

from bot.adapters.redis.client import Store

VARIABLE = "RQ_KEY_PREFIX"


def claim(store: Store) -> None:
    """Makes RQ use the store's installation from now on, in this process and its children.

    Raises RuntimeError if RQ was already imported for another installation.
    """
    os.environ[VARIABLE] = _prefix(store)
    check(store)


def check(store: Store) -> None:
    """Raises RuntimeError if RQ uses another installation than the store."""
    loaded = sys.modules.get("rq.defaults")
    if loaded is not None and _prefix(store) != loaded.RQ_KEY_PREFIX:
        raise RuntimeError(
            f"RQ was imported for {loaded.RQ_KEY_PREFIX}, and the store is {store.prefix}."
        )


def _prefix(store: Store) -> str:
    return f"{store.prefix}:rq"
