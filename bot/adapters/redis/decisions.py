"""People's decisions, kept without expiry."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.adapters.redis.client import Store, guarded, text
from bot.core.model import codec
from bot.core.model.decisions import (
    Acknowledgement,
    Claim,
    Decision,
    Decisions,
    IssueLink,
    Override,
    Pending,
    Snooze,
)

KINDS: Mapping[str, type[Decision]] = {
    "expected": Acknowledgement,
    "issue": IssueLink,
    "claim": Claim,
    "snooze": Snooze,
    "override": Override,
    "pending": Pending,
}
"""Stored names of the kinds of decision: the field names of `Decisions`."""
_NAMES: Mapping[type[Decision], str] = {kind: name for name, kind in KINDS.items()}

_log = logging.getLogger(__name__)


class RedisDecisionBook:
    """`ports.DecisionBook`: one hash per environment, with a field `cluster|kind` per decision."""

    def __init__(self, client: Store) -> None:
        self._client = client

    @guarded
    def all(self, environment: str) -> Mapping[str, Decisions]:
        """Returns decisions by cluster id. Skips what only a newer version can read."""
        found: dict[str, Decisions] = {}
        for name, data in self._client.hgetall(_decisions(self._client, environment)).items():
            cluster, _, kind = text(name).partition("|")
            decision = _read(kind, data)
            if decision is not None:
                known = found.get(cluster, Decisions())
                changes: dict[str, Any] = {kind: decision}
                found[cluster] = replace(known, **changes)
        return found

    @guarded
    def put(self, environment: str, decision: Decision) -> Decision | None:
        """Stores a decision; returns the one of the same kind that it replaced, for undo."""
        kind = _NAMES[type(decision)]
        name = f"{decision.cluster}|{kind}"
        self._client.note_environment(environment)
        with self._client.pipeline() as pipe:
            pipe.hget(_decisions(self._client, environment), name)
            pipe.hset(_decisions(self._client, environment), name, codec.dumps(decision))
            before, _ = pipe.execute()
        return _read(kind, before)

    @guarded
    def remove(self, environment: str, cluster: str, kind: type[Decision]) -> Decision | None:
        """Removes a decision; returns it, or None."""
        name = f"{cluster}|{_NAMES[kind]}"
        with self._client.pipeline() as pipe:
            pipe.hget(_decisions(self._client, environment), name)
            pipe.hdel(_decisions(self._client, environment), name)
            before, _ = pipe.execute()
        return _read(_NAMES[kind], before)


def _decisions(store: Store, environment: str) -> str:
    return store.key(environment, "decisions")


def _read(kind: str, data: bytes | str | None) -> Decision | None:
    if data is None or kind not in KINDS:
        return None
    try:
        return codec.loads(KINDS[kind], data)
    except codec.CodecError as error:
        _log.warning("A stored decision (%s) cannot be read: %s", kind, error)
        return None
