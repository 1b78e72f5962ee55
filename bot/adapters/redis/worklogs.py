"""Where a report's worklogs were uploaded, and whether they are up to date."""

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
        """Asks for a new version after a decision; the version must carry this token."""
        self._notes.write(environment, f"decided:{key}", token, KEPT)

    def asked(self, environment: str, key: str) -> str:
        """Returns the last token; empty if nothing was decided."""
        return self._notes.read(str, environment, f"decided:{key}") or ""

    def version(self, environment: str, key: str) -> WorklogVersion:
        """Returns the last version written; empty if only the first exists."""
        found = self._notes.read(tuple[str, int], environment, f"written:{key}")
        return WorklogVersion(*found) if found is not None else WorklogVersion()

    def put_version(self, environment: str, key: str, version: WorklogVersion) -> None:
        """Records a version, once it is uploaded everywhere."""
        self._notes.write(environment, f"written:{key}", astuple(version), KEPT)

    def copies(self, environment: str, key: str) -> Sequence[WorklogCopy]:
        """Returns the copies, one per thread."""
        kind = tuple[tuple[str, str, str, str], ...]
        found = self._notes.read(kind, environment, f"worklogs:{key}") or ()
        return tuple(WorklogCopy(*each) for each in found)

    def put_copies(self, environment: str, key: str, copies: Sequence[WorklogCopy]) -> None:
        """Replaces all copies."""
        written = [astuple(copy) for copy in copies]
        self._notes.write(environment, f"worklogs:{key}", written, KEPT)
