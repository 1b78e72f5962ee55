"""Who wants something in Slack, and where they get the answer: what handlers hand to jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from bot.core.model import codec


@dataclass(frozen=True, slots=True)
class Asker:
    """One request of one person. Travels through the queue as JSON."""

    user: str
    """Slack user id."""
    request: str
    """Slack's own id of the request: the same where Slack sends it again."""
    at: int
    """When it arrived, in nanoseconds."""
    channel: str = ""
    """Empty: it came from the home tab."""
    channel_name: str = ""
    thread: str = ""
    """`ts` of the thread in which they wrote or clicked."""
    response_url: str = ""
    """A credential: never logged."""
    message: str = ""
    """`ts` of the message whose button they clicked."""
    ephemeral: bool = False
    """Only they see that message."""

    def encode(self) -> dict[str, object]:
        """As JSON data."""
        return cast("dict[str, object]", codec.encode(self))

    @classmethod
    def decode(cls, data: Mapping[str, Any]) -> Asker:
        """What `encode` gave, in any version of us."""
        return codec.decode(cls, data)
