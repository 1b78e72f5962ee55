"""The result of rendering: a message or a view, as Slack's Web API takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

MAX_BLOCKS = 40
"""Our limit (design.md); Slack allows 50."""
MAX_TEXT = 10_000
"""Maximum characters of all blocks together; Slack fails near 11,000 (facts.md)."""


@dataclass(frozen=True, slots=True)
class Message:
    """Blocks, and the fallback sentence for lock screens and screen readers."""

    text: str
    """Escaped."""
    blocks: list[dict[str, object]] = field(default_factory=list)

    def payload(self) -> dict[str, object]:
        """Returns arguments for `chat.postMessage`, `chat.update`, `chat.postEphemeral` etc."""
        return {
            "text": self.text,
            "blocks": self.blocks,
            "unfurl_links": False,
            "unfurl_media": False,
        }


class View(dict[str, object]):
    """A modal or home tab, ready for `views.open`, `views.update` and `views.publish`."""


def message(text: str, blocks: Sequence[Block]) -> Message:
    """Builds a message from typed blocks. The caller escapes `text` (`escape.fallback`)."""
    return Message(text, [block.to_dict() for block in blocks])


def text_length(value: object) -> int:
    """Sums the characters of every `text`, as Slack does for `msg_blocks_too_long`."""
    if isinstance(value, dict):
        return sum(
            len(v) if k == "text" and isinstance(v, str) else text_length(v)
            for k, v in value.items()
        )
    if isinstance(value, list | tuple):
        return sum(text_length(v) for v in value)
    return 0
