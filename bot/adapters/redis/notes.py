"""Small things to remember for a while: which message shows which report, what was posted."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from bot.adapters.redis.client import Store, guarded
from bot.core.model import codec


class RedisNotes:
    """JSON under a name of the caller's, with an expiry."""

    def __init__(self, client: Store) -> None:
        self._client = client

    @guarded
    def get(self, environment: str, name: str) -> Any:
        """None where there is none or it has expired."""
        data = self._client.get(_note(self._client, environment, name))
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
            self._client.note_environment(environment)
        self._client.set(_note(self._client, environment, name), codec.dump_json(value), ex=seconds)

    @guarded
    def remove(self, environment: str, name: str) -> None:
        """Nothing happens where there is none."""
        self._client.delete(_note(self._client, environment, name))


def _note(store: Store, environment: str, name: str) -> str:
    return store.key(environment, "note", hashlib.sha256(name.encode()).hexdigest()[:32])
