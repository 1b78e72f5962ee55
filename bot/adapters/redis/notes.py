"""Small things to remember for a while: which message shows which report, what was posted."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from bot.adapters.redis.client import guarded, key, note_environment
from bot.core.model import codec

if TYPE_CHECKING:
    import redis


class RedisNotes:
    """JSON under a name of the caller's, with an expiry."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @guarded
    def get(self, environment: str, name: str) -> Any:
        """None where there is none or it has expired."""
        data = self._client.get(_note(environment, name))
        if data is None:
            return None
        try:
            return json.loads(data)
        except ValueError:
            return None

    @guarded
    def put(self, environment: str, name: str, value: object, seconds: int) -> None:
        """`value` is JSON data."""
        if environment:
            note_environment(self._client, environment)
        self._client.set(_note(environment, name), codec.dump_json(value), ex=seconds)

    @guarded
    def remove(self, environment: str, name: str) -> None:
        """Nothing happens where there is none."""
        self._client.delete(_note(environment, name))


def _note(environment: str, name: str) -> str:
    return key(environment, "note", hashlib.sha256(name.encode()).hexdigest()[:32])
