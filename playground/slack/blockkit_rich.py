"""The structure of `rich_text` blocks. Their text is literal: none of it is markup."""

from __future__ import annotations

from typing import Any

from playground.slack.blockkit_schema import (
    Check,
    Complaint,
    Problems,
    Shape,
    boolean,
    integer,
    items,
    kinds,
    one_of,
    string,
    web_address,
)

_STYLE = Shape(
    {"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean},
    typed=False,
)
_MENTION_STYLE = Shape(
    {
        "bold": boolean,
        "italic": boolean,
        "strike": boolean,
        "highlight": boolean,
        "client_highlight": boolean,
        "unlink": boolean,
    },
    typed=False,
)


def _whole_second(value: Any, at: str) -> Problems:
    return [] if isinstance(value, int) else [Complaint("must provide a number", at)]


_PARTS: dict[str, Check] = {
    "text": Shape({"text": string(), "style": _STYLE}, ("text",)),
    "link": Shape(
        {"url": web_address(), "text": string(), "unsafe": boolean, "style": _STYLE}, ("url",)
    ),
    "user": Shape({"user_id": string(), "style": _MENTION_STYLE}, ("user_id",)),
    "channel": Shape({"channel_id": string(), "style": _MENTION_STYLE}, ("channel_id",)),
    "usergroup": Shape({"usergroup_id": string(), "style": _MENTION_STYLE}, ("usergroup_id",)),
    "broadcast": Shape({"range": one_of("here", "channel", "everyone")}, ("range",)),
    "color": Shape({"value": string()}, ("value",)),
    "emoji": Shape(
        {"name": string(), "unicode": string(), "skin_tone": integer(1, 6), "style": _STYLE},
        ("name",),
    ),
    "date": Shape(
        {
            "timestamp": _whole_second,
            "format": string(),
            "url": web_address(),
            "fallback": string(),
            "style": _STYLE,
        },
        ("timestamp", "format"),
    ),
}

_SECTION = Shape({"elements": items(kinds(_PARTS), least=0)}, ("elements",))

_GROUPS: dict[str, Check] = {
    "rich_text_section": _SECTION,
    "rich_text_preformatted": Shape(
        {
            "elements": items(kinds(_PARTS, ("text", "link")), least=0),
            "border": integer(0, 1),
            "language": string(),
        },
        ("elements",),
    ),
    "rich_text_quote": Shape(
        {"elements": items(kinds(_PARTS), least=0), "border": integer(0, 1)}, ("elements",)
    ),
    "rich_text_list": Shape(
        {
            "elements": items(kinds({"rich_text_section": _SECTION}), least=0),
            "style": one_of("bullet", "ordered"),
            "indent": integer(0, 8),
            "offset": integer(0, 10_000),
            "border": integer(0, 1),
        },
        ("elements", "style"),
    ),
}

RICH_ELEMENTS: Check = items(kinds(_GROUPS), least=0)
"""The `elements` of a rich_text block."""

RICH_VALUE: Check = kinds({"rich_text": Shape({"elements": RICH_ELEMENTS}, ("elements",))})
"""A rich_text value inside another object: an input's initial value, a table's cell."""
