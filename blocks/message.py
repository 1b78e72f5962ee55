"""What blocks hand to whoever sends: a message and a view, as Slack's Web API takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

MAX_BLOCKS = 40
"""Ours (design.md); Slack takes 50."""
MAX_TEXT = 10_000
"""Characters of all blocks together; Slack fails near 11,000 (facts.md)."""


@dataclass(frozen=True, slots=True)
class Message:
    """Blocks and the fallback text, a sentence: what a lock screen and a screen reader get."""

    text: str
    """Escaped."""
    blocks: list[dict[str, object]] = field(default_factory=list)

    def payload(self) -> dict[str, object]:
        """Arguments for `chat.postMessage`, `chat.update`, `chat.postEphemeral`, `respond`."""
        return {
            "text": self.text,
            "blocks": self.blocks,
            "unfurl_links": False,
            "unfurl_media": False,
        }


class View(dict[str, object]):
    """A modal or home tab, ready for `views.open`, `views.update` and `views.publish`."""


def message(text: str, blocks: Sequence[Block]) -> Message:
    """A message of typed blocks. `text` is escaped by the caller (`escape.fallback`)."""
    return Message(text, [block.to_dict() for block in blocks])


def text_length(value: object) -> int:
    """Characters of every `text` in blocks: what Slack counts for `msg_blocks_too_long`."""
    if isinstance(value, dict):
        return sum(
            len(v) if k == "text" and isinstance(v, str) else text_length(v)
            for k, v in value.items()
        )
    if isinstance(value, list | tuple):
        return sum(text_length(v) for v in value)
    return 0
