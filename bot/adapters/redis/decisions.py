"""Decisions and digest subscriptions, kept without expiry."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
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
from bot.core.ports import Subscription

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


class RedisSubscriptions:
    """`ports.Subscriptions`: one hash per environment, with a field per channel."""

    def __init__(self, client: Store) -> None:
        self._client = client

    @guarded
    def all(self) -> Sequence[Subscription]:
        """Returns the subscriptions of every environment, in no order."""
        names = sorted(
            text(name) for name in self._client.smembers(self._client.key("", "environments"))
        )
        if not names:
            return ()
        with self._client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hvals(_subscriptions(self._client, name))
            values = [value for part in pipe.execute() for value in part]
        return tuple(sub for value in values if (sub := _subscription(value)) is not None)

    @guarded
    def put(self, subscription: Subscription) -> None:
        """Stores a subscription; replaces the one of the same environment and channel."""
        self._client.note_environment(subscription.environment)
        self._client.hset(
            _subscriptions(self._client, subscription.environment),
            subscription.channel,
            codec.dumps(subscription),
        )

    @guarded
    def remove(self, channel: str, environment: str | None) -> Sequence[Subscription]:
        """Removes one environment's subscription, or with None all of the channel; returns them."""
        names = [environment] if environment is not None else self._environments()
        removed: list[Subscription] = []
        for name in names:
            with self._client.pipeline() as pipe:
                pipe.hget(_subscriptions(self._client, name), channel)
                pipe.hdel(_subscriptions(self._client, name), channel)
                before, _ = pipe.execute()
            if before is not None and (subscription := _subscription(before)) is not None:
                removed.append(subscription)
        return tuple(removed)

    def _environments(self) -> Sequence[str]:
        return sorted(
            text(name) for name in self._client.smembers(self._client.key("", "environments"))
        )


def _decisions(store: Store, environment: str) -> str:
    return store.key(environment, "decisions")


def _subscriptions(store: Store, environment: str) -> str:
    return store.key(environment, "subscriptions")


def _read(kind: str, data: bytes | str | None) -> Decision | None:
    if data is None or kind not in KINDS:
        return None
    try:
        return codec.loads(KINDS[kind], data)
    except codec.CodecError as error:
        _log.warning("A stored decision (%s) cannot be read: %s", kind, error)
        return None


def _subscription(data: bytes | str) -> Subscription | None:
    try:
        return codec.loads(Subscription, data)
    except codec.CodecError as error:
        _log.warning("A stored digest subscription cannot be read: %s", error)
        return None
