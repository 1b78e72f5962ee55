"""Who asked in Slack, and where to answer; passed from handlers to jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from bot.core.model import codec


@dataclass(frozen=True, slots=True)
class Asker:
    """One request by one person; queued as JSON."""

    user: str
    """Slack user id."""
    request: str
    """Slack's id of the request; equal if Slack sends it again."""
    at: int
    """When it arrived, in nanoseconds since the epoch."""
    channel: str = ""
    """Empty for the home tab."""
    channel_name: str = ""
    thread: str = ""
    """`ts` of the thread in which they wrote or clicked; empty outside threads."""
    response_url: str = ""
    """A credential: never logged."""
    message: str = ""
    """`ts` of the message that they wrote, or whose button they clicked."""
    ephemeral: bool = False
    """True if only they can see that message."""

    def encode(self) -> dict[str, object]:
        """Returns JSON data."""
        return cast("dict[str, object]", codec.encode(self))

    @classmethod
    def decode(cls, data: Mapping[str, Any]) -> Asker:
        """Reads the data of `encode`, from any version."""
        return codec.decode(cls, data)
