"""Where the worklogs of a report stand, and whether they are up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

from bot.adapters.redis.client import Store
from bot.adapters.redis.notes import Notes
from bot.core.model.shown import KEPT, WorklogCopy, WorklogVersion


class RedisWorklogs:
    """`ports.Worklogs`."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def ask(self, environment: str, key: str, token: str) -> None:
        """Something was decided: the next version has to answer this token."""
        self._notes.write(environment, f"decided:{key}", token, KEPT)

    def asked(self, environment: str, key: str) -> str:
        """The last token; empty where nothing was decided."""
        return self._notes.read(str, environment, f"decided:{key}") or ""

    def version(self, environment: str, key: str) -> WorklogVersion:
        """The last one written; empty where there is none but the first."""
        found = self._notes.read(tuple[str, int], environment, f"written:{key}")
        return WorklogVersion(*found) if found is not None else WorklogVersion()

    def put_version(self, environment: str, key: str, version: WorklogVersion) -> None:
        """After it was uploaded everywhere."""
        self._notes.write(environment, f"written:{key}", astuple(version), KEPT)

    def copies(self, environment: str, key: str) -> Sequence[WorklogCopy]:
        """One a thread."""
        kind = tuple[tuple[str, str, str, str], ...]
        found = self._notes.read(kind, environment, f"worklogs:{key}") or ()
        return tuple(WorklogCopy(*each) for each in found)

    def put_copies(self, environment: str, key: str, copies: Sequence[WorklogCopy]) -> None:
        """Replaces them all."""
        written = [astuple(copy) for copy in copies]
        self._notes.write(environment, f"worklogs:{key}", written, KEPT)
