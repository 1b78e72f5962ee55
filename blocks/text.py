"""Renders a message as plain text for a terminal: `analyze --format text`, `playground --say`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blocks import moments
from blocks.escape import unescape
from blocks.message import Message
from bot.core.text.display import clean

_BOLD = re.compile(r"(?<![A-Za-z0-9])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![A-Za-z0-9])")
_LINK = re.compile(r"<(https?://[^|>]+)\|([^>]+)>")
_MENTION = re.compile(r"<([@#])([A-Z0-9]+)(?:\|([^>]*))?>")


@dataclass(frozen=True, slots=True)
class _Reader:
    names: Mapping[str, str]
    timezone: str | None = None
    now: int = 0

    def times(self, text: str) -> str:
        if self.timezone is None:
            return moments.TOKEN.sub(r"\3", text)
        return moments.local(text, self.timezone, self.now)


_NOBODY = _Reader({})


def as_text(
    message: Message,
    *,
    buttons: bool = True,
    names: Mapping[str, str] = {},
    timezone: str | None = None,
    now: int = 0,
) -> str:
    """Renders lines without trailing spaces; buttons as `[Create issue]`.

    `names`: user and channel ids → names, for mentions. `timezone`: the reader's, for times as of
    `now` (nanoseconds); None: UTC. Without blocks: the fallback text.
    """
    lines: list[str] = []
    reader = _Reader(names, timezone, now)
    for block in message.blocks:
        lines += _block(block, buttons, reader)
    text = "\n".join(line.rstrip() for line in lines) if lines else unescape(message.text)
    return clean(text).strip("\n")


def _block(block: Mapping[str, object], buttons: bool, reader: _Reader) -> list[str]:
    kind = block.get("type")
    if kind == "divider":
        return ["---"]
    if kind == "rich_text":
        return [f"    {line}" for line in _rich(block).split("\n")]
    if kind == "context":
        pieces = [_text(each, reader) for each in _list(block.get("elements"))]
        return [" · ".join(filter(None, pieces))]
    if kind == "actions":
        row = " ".join(_element(each) for each in _list(block.get("elements")))
        return [row] if buttons else []
    lines = [_text(block[part], reader) for part in ("text", "title", "label") if part in block]
    lines += [_text(each, reader) for each in _list(block.get("fields"))]
    accessory = block.get("accessory") or block.get("element")
    if buttons and isinstance(accessory, Mapping) and lines:
        first, *rest = lines[0].split("\n")
        lines[0] = "\n".join([f"{first}  {_element(accessory)}", *rest])
    return lines


def _element(element: object) -> str:
    if not isinstance(element, Mapping):
        return ""
    options = [_text(o.get("text"), _NOBODY) for o in _list(element.get("options"))]
    if element.get("type") == "overflow":
        return f"[⋯ {' · '.join(options)}]"
    if options:
        return "[" + " | ".join(options) + "]"
    return f"[{_text(element.get('text'), _NOBODY)}]"


def _text(text: object, reader: _Reader) -> str:
    if not isinstance(text, Mapping):
        return ""
    shown = str(text.get("text", ""))
    if text.get("type") != "mrkdwn":
        return shown
    shown = _LINK.sub(r"\2 (\1)", reader.times(shown))
    shown = _MENTION.sub(lambda m: m[1] + reader.names.get(m[2], m[3] or m[2]), shown)
    return unescape(_BOLD.sub(r"\1", shown))


def _rich(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value["text"]) if "text" in value else _rich(value.get("elements"))
    return "\n".join(filter(None, (_rich(each) for each in _list(value))))


def _list(value: object) -> Sequence[Mapping[str, object]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []
