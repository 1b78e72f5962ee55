"""Renders Slack messages as plain text for a terminal, as the page shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]
Names = Callable[[str], str]
"""Maps a user's or channel's id to its name."""

LINK = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")


def message_text(message: Json, name: Names) -> str:
    """Renders a message with its head line, which marks ephemeral messages and replies."""
    when = datetime.fromtimestamp(float(message["ts"]), UTC).strftime("%H:%M")
    notes = [when]
    if message.get("ephemeral_for"):
        notes.append(f"only {name(message['ephemeral_for'])} sees this")
    if message.get("thread_ts"):
        notes.append("in the thread")
    blocks = message.get("blocks") or []
    body = blocks_text(blocks, name) if blocks else plain(str(message.get("text", "")), name)
    files = [
        "[file deleted]" if file.get("deleted") else f"[file {file['name']}, {file['size']} bytes]"
        for file in message.get("files", [])
    ]
    lines = "\n".join(part for part in (body, *files) if part).splitlines()
    pad = "    " if message.get("thread_ts") else "  "
    return "\n".join(
        [f"{pad[2:]}{name(message['user'])} ({', '.join(notes)})", *(pad + line for line in lines)]
    )


def blocks_text(blocks: Sequence[Json], name: Names) -> str:
    """Renders blocks as lines of text, with buttons and menus in square brackets."""
    parts = [_block(block, name) for block in blocks]
    return "\n".join(part for part in parts if part)


def plain(text: str, name: Names) -> str:
    """Renders mrkdwn without its angle brackets and entities."""

    def shown(found: re.Match[str]) -> str:
        target, label = found[1], found[2]
        if target.startswith(("@", "#")):
            return target[0] + (label or name(target[1:]))
        if target.startswith("!"):
            return label or "@" + target[1:].split("^")[-1]
        return label or target

    text = LINK.sub(shown, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _block(block: Json, name: Names) -> str:
    kind = block.get("type")
    if kind in {"section", "context", "actions", "input", "header"}:
        texts = [block["text"]] if block.get("text") else []
        lines = [_element(text, name) for text in [*texts, *block.get("fields", [])]]
        beside = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        row = "  ".join(_element(one, name) for one in beside if one)
        label = _element(block["label"], name) if block.get("label") else ""
        return "\n".join(part for part in (label, *lines, row) if part)
    if kind == "divider":
        return "--"
    if kind == "rich_text":
        return "\n".join(_rich(part, name) for part in block.get("elements", []))
    if kind == "image":
        return f"[image: {block.get('alt_text', '')}]"
    return f"[{kind}]"


def _element(element: Json, name: Names) -> str:
    kind = element.get("type")
    if kind == "mrkdwn":
        return plain(str(element.get("text", "")), name)
    if kind == "plain_text":
        return str(element.get("text", ""))
    if kind == "image":
        return f"[image: {element.get('alt_text', '')}]"
    if kind == "overflow":
        return "[" + " · ".join(_option(option) for option in element.get("options", [])) + "]"
    label = element.get("text") or element.get("placeholder") or {}
    options = " / ".join(_option(option) for option in element.get("options", []))
    return f"[{label.get('text') or options or kind}]"


def _option(option: Json) -> str:
    return str(option.get("text", {}).get("text", ""))


def _rich(part: Json, name: Names) -> str:
    kind, inner = part.get("type"), part.get("elements", [])
    if kind == "rich_text_list":
        return "\n".join(f"- {_rich(item, name)}" for item in inner)
    text = "".join(_run(run, name) for run in inner)
    if kind == "rich_text_preformatted":
        return "\n".join(f"| {line}" for line in text.splitlines())
    if kind == "rich_text_quote":
        return "\n".join(f"> {line}" for line in text.splitlines())
    return text


def _run(run: Json, name: Names) -> str:
    kind = run.get("type")
    if kind == "link":
        return str(run.get("text") or run.get("url", ""))
    if kind in {"user", "channel"}:
        return ("@" if kind == "user" else "#") + name(str(run.get(f"{kind}_id", "")))
    if kind == "emoji":
        return f":{run.get('name', '')}:"
    return str(run.get("text", ""))
