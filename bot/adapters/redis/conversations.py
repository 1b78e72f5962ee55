"""What each channel or direct conversation saw last."""

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
        """Returns the environment's report that the conversation saw last; empty if none."""
        return self._notes.read(str, environment, _saw(channel)) or ""

    def saw(self, environment: str, channel: str, key: str) -> None:
        """Records the report that a conversation saw."""
        self._notes.write(environment, _saw(channel), key, KEPT)

    def environment(self, channel: str) -> str:
        """Returns the environment that was asked about last; empty if none."""
        return self._notes.read(str, "", _asked(channel)) or ""

    def asked(self, channel: str, environment: str) -> None:
        """Records the environment that somebody asked about."""
        self._notes.write("", _asked(channel), environment, ASKED)


def _saw(channel: str) -> str:
    return f"spoken-of:{channel}"


def _asked(channel: str) -> str:
    return f"channel:{channel}"
