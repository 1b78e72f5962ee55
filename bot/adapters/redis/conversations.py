"""What a channel or direct conversation saw last."""

from __future__ import annotations

from bot.adapters.redis.client import Store
from bot.adapters.redis.notes import Notes
from bot.core.model.shown import KEPT

ASKED = 30 * 86_400
"""Seconds for which to remember a channel's last environment."""


class RedisConversationMemory:
    """`ports.ConversationMemory`."""

    def __init__(self, client: Store) -> None:
        self._notes = Notes(client)

    def report(self, environment: str, channel: str) -> str:
        """The report of an environment that it saw last; empty: none."""
        return self._notes.read(str, environment, _saw(channel)) or ""

    def saw(self, environment: str, channel: str, key: str) -> None:
        """It was shown a report."""
        self._notes.write(environment, _saw(channel), key, KEPT)

    def environment(self, channel: str) -> str:
        """The environment that was asked about last; empty: none."""
        return self._notes.read(str, "", _asked(channel)) or ""

    def asked(self, channel: str, environment: str) -> None:
        """Somebody asked about an environment there."""
        self._notes.write("", _asked(channel), environment, ASKED)


def _saw(channel: str) -> str:
    return f"spoken-of:{channel}"


def _asked(channel: str) -> str:
    return f"channel:{channel}"
