"""Stores a value for a while: JSON under a hashed name. For the stores of this package.

The next version reads what this one stored. So each store spells its names in one place, and treats
what it cannot read as absent.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TypeVar

from bot.adapters.redis.client import Store, guarded
from bot.core.model import codec

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Notes:
    """Used by the stores of this package, which know the names and types."""

    def __init__(self, client: Store) -> None:
        self._client = client

    @guarded
    def read(self, kind: type[T], environment: str, name: str) -> T | None:
        """Returns the value; None if there is none, it expired, or it is not a `kind`."""
        data = self._client.get(note_key(self._client, environment, name))
        if data is None:
            return None
        try:
            found = codec.load_json(data)
            return None if found is None else codec.decode(kind, found)
        except codec.CodecError as error:
            _log.warning("A stored value cannot be read and counts as absent: %s", error)
            return None

    @guarded
    def write(self, environment: str, name: str, value: object, seconds: int) -> None:
        """Stores a `value` that `codec` can write. `environment` may be empty."""
        if environment:
            self._client.note_environment(environment)
        data = codec.dumps(value)
        self._client.set(note_key(self._client, environment, name), data, ex=seconds)

    @guarded
    def remove(self, environment: str, name: str) -> None:
        """Removes it, if it exists."""
        self._client.delete(note_key(self._client, environment, name))


def note_key(store: Store, environment: str, name: str) -> str:
    """Returns the key of a name, which may hold any text."""
    return store.key(environment, "note", hashlib.sha256(name.encode()).hexdigest()[:32])
