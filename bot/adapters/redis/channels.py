"""What channels asked for: daily digests and watches, kept without expiry."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from bot.adapters.redis.client import Store, guarded, text
from bot.adapters.redis.notes import Notes
from bot.core.model import codec
from bot.core.model.values import DAY, SECOND
from bot.core.model.watching import Watch, WatchMemory
from bot.core.ports import Subscription

REMEMBERED = 40 * DAY // SECOND
"""Seconds for which a watch's memory is kept after its last look."""

_log = logging.getLogger(__name__)


class _OfChannel(Protocol):
    """A record of one environment and channel."""

    @property
    def environment(self) -> str: ...
    @property
    def channel(self) -> str: ...


T = TypeVar("T", bound=_OfChannel)


class _ByChannel(Generic[T]):
    """One hash per environment, with a field per channel."""

    _kind: type[T]
    _name: str
    """Part of the key."""

    def __init__(self, client: Store) -> None:
        self._client = client

    @guarded
    def all(self) -> Sequence[T]:
        """Returns the records of every environment, in no order."""
        names = self._environments()
        if not names:
            return ()
        with self._client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hvals(self._key(name))
            values = [value for part in pipe.execute() for value in part]
        return tuple(record for value in values if (record := self._read(value)) is not None)

    @guarded
    def put(self, record: T) -> None:
        """Stores a record; replaces the one of the same environment and channel."""
        self._client.note_environment(record.environment)
        self._client.hset(self._key(record.environment), record.channel, codec.dumps(record))

    @guarded
    def remove(self, channel: str, environment: str | None) -> Sequence[T]:
        """Removes one environment's record, or with None all of the channel; returns them."""
        names = [environment] if environment is not None else self._environments()
        removed: list[T] = []
        for name in names:
            with self._client.pipeline() as pipe:
                pipe.hget(self._key(name), channel)
                pipe.hdel(self._key(name), channel)
                before, _ = pipe.execute()
            if before is not None and (record := self._read(before)) is not None:
                removed.append(record)
        return tuple(removed)

    def _environments(self) -> Sequence[str]:
        names = self._client.smembers(self._client.key("", "environments"))
        return sorted(text(name) for name in names)

    def _key(self, environment: str) -> str:
        return self._client.key(environment, self._name)

    def _read(self, data: bytes | str) -> T | None:
        try:
            return codec.loads(self._kind, data)
        except codec.CodecError as error:
            _log.warning("A stored record (%s) cannot be read: %s", self._name, error)
            return None


class RedisSubscriptions(_ByChannel[Subscription]):
    """`ports.Subscriptions`."""

    _kind = Subscription
    _name = "subscriptions"


class RedisWatches(_ByChannel[Watch]):
    """`ports.Watches`; what a watch posted is a note beside it."""

    _kind = Watch
    _name = "watches"

    def __init__(self, client: Store) -> None:
        super().__init__(client)
        self._notes = Notes(client)

    def memory(self, environment: str, channel: str) -> WatchMemory:
        """Returns what a channel's watch posted; empty if unknown."""
        return self._notes.read(WatchMemory, environment, _memory(channel)) or WatchMemory()

    def remember(self, environment: str, channel: str, memory: WatchMemory) -> None:
        """Replaces what a channel's watch posted."""
        self._notes.write(environment, _memory(channel), memory, REMEMBERED)


def _memory(channel: str) -> str:
    return f"watch:{channel}"
