"""What the sync with GitHub remembers of issues, and unlinked issues."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bot.adapters.redis.client import Store
from bot.adapters.redis.notes import Notes
from bot.core.model import codec
from bot.core.model.decisions import IssueLink
from bot.core.model.issue_memory import Told
from bot.core.model.shown import KEPT
from bot.core.model.values import DAY, SECOND

REMEMBERED = 400 * DAY // SECOND
"""Seconds for which to remember what was posted to an issue."""

_log = logging.getLogger(__name__)


class RedisSyncMemory:
    """`ports.SyncMemory`."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def told(self, environment: str, cluster: str) -> Told | None:
        """Returns what was already posted to the cluster's issue."""
        return self._notes.read(Told, environment, _told(cluster))

    def put_told(self, environment: str, cluster: str, told: Told) -> None:
        """Replaces it."""
        self._notes.write(environment, _told(cluster), told, REMEMBERED)

    def forget(self, environment: str, cluster: str) -> None:
        """Forgets an issue that is gone."""
        self._notes.remove(environment, _told(cluster))

    def revisions(self, environment: str) -> Mapping[str, int] | None:
        """Returns when each revision was first seen (nanoseconds, 0: long ago); None before the
        first report."""
        return self._notes.read(dict[str, int], environment, "revisions")

    def put_revisions(self, environment: str, revisions: Mapping[str, int]) -> None:
        """Replaces them."""
        self._notes.write(environment, "revisions", revisions, REMEMBERED)

    def turn(self, environment: str) -> int:
        """Returns where the round over all issues stands."""
        return self._notes.read(int, environment, "github-turn") or 0

    def put_turn(self, environment: str, turn: int) -> None:
        """Stores where the next round continues."""
        self._notes.write(environment, "github-turn", turn, REMEMBERED)


class RedisUnlinkedIssues:
    """`ports.UnlinkedIssues`: each as JSON in a JSON string, as the first version wrote it."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def get(self, environment: str, cluster: str) -> IssueLink | None:
        """Returns the issue last unlinked from a cluster."""
        found = self._notes.read(str, environment, _unlinked(cluster))
        if found is None:
            return None
        try:
            return codec.loads(IssueLink, found)
        except codec.CodecError as error:
            _log.warning("An unlinked issue cannot be read and counts as absent: %s", error)
            return None

    def put(self, environment: str, link: IssueLink) -> None:
        """Stores an unlinked issue under its cluster."""
        stored = codec.dumps(link).decode()
        self._notes.write(environment, _unlinked(link.cluster), stored, KEPT)


def _told(cluster: str) -> str:
    return f"told:{cluster}"


def _unlinked(cluster: str) -> str:
    return f"unlinked:{cluster}"
