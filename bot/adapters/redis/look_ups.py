"""Cached answers of outside systems, shared by all processes."""

from __future__ import annotations

import logging
from typing import TypeVar

from bot.adapters.redis.client import Store
from bot.adapters.redis.notes import Notes
from bot.core.ports import CommitPair, Compared

T = TypeVar("T")

_log = logging.getLogger(__name__)


class RedisLookUps:
    """`ports.LookUps` for one outside system; belongs to no environment."""

    def __init__(self, client: Store, system: str) -> None:
        self._notes = Notes(client)
        self._system = system

    def get(self, kind: type[T], name: str) -> T | None:
        """Returns the cached value; None if there is none of this `kind`."""
        return self._notes.read(kind, "", f"{self._system} {name}")

    def put(self, name: str, value: object, seconds: int) -> None:
        """Caches a value that `codec` can write."""
        self._notes.write("", f"{self._system} {name}", value, seconds)


class RedisComparedCommits:
    """`ports.ComparedCommits`: stores a boolean, or a question mark if GitHub does not know."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def get(self, environment: str, pair: CommitPair) -> Compared | None:
        """Returns the cached answer; None if there is none or it expired."""
        found = self._notes.read(object, environment, _compared(pair))
        if found is None:
            return None
        if isinstance(found, bool):
            return Compared(found)
        if found == "?":
            return Compared(None)
        _log.warning("What GitHub answered of two commits cannot be read and counts as absent")
        return None

    def put(self, environment: str, pair: CommitPair, compared: Compared, seconds: int) -> None:
        """Caches an answer for `seconds`."""
        value = "?" if compared.contains is None else compared.contains
        self._notes.write(environment, _compared(pair), value, seconds)


def _compared(pair: CommitPair) -> str:
    return f"contains:{pair.repository}:{pair.commit}:{pair.fix}"
