"""Validates blocks, messages and views as Slack does, with Slack's error messages.

Unknown kinds of blocks (video, card, alert, …) are refused like a kind that a surface does not
support: the stand-in is never laxer than Slack.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from playground.slack.blockkit_elements import (
    ACCESSORY_KINDS,
    ACTION_KINDS,
    ELEMENTS,
    IMAGE_KEYS,
    IMAGE_RULE,
    INPUT_KINDS,
    either,
    plain,
)
from playground.slack.blockkit_rich import RICH_ELEMENTS, RICH_VALUE
from playground.slack.blockkit_schema import (
    Check,
    Complaint,
    Problems,
    Shape,
    at_least_one,
    boolean,
    items,
    kinds,
    one_of,
    string,
)

Surface = Literal["message", "modal", "home"]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
ALL_TEXT = 11_000
"""Maximum characters of all text in a message's blocks. Undocumented; measured between 9,597
(accepted) and 11,341 (`msg_blocks_too_long`)."""
MARKDOWN_TEXT = 12_000
VIEW_BYTES = 250_000

_CELL: dict[str, Check] = {
    "raw_text": Shape({"text": string()}, ("text",)),
    "raw_number": Shape({"value": lambda *_: [], "text": string()}, ("value",)),
    "rich_text": RICH_VALUE,
}
_IN_CONTEXT: dict[str, Check] = {
    "image": ELEMENTS["image"],
    "mrkdwn": either(3000),
    "plain_text": either(3000),
}
_COLUMN = Shape({"align": one_of("left", "center", "right"), "is_wrapped": boolean}, typed=False)

_BLOCKS: dict[str, Shape] = {
    "section": Shape(
        {
            "text": either(3000),
            "fields": items(either(2000), most=10),
            "accessory": kinds(ELEMENTS, ACCESSORY_KINDS),
            "expand": boolean,
        },
        rules=(at_least_one("text", "fields"),),
    ),
    "divider": Shape({}),
    "header": Shape({"text": plain(150)}, ("text",)),
    "image": Shape({**IMAGE_KEYS, "title": plain(2000)}, ("alt_text",), (IMAGE_RULE,)),
    "context": Shape({"elements": items(kinds(_IN_CONTEXT), most=10)}, ("elements",)),
    "actions": Shape({"elements": items(kinds(ELEMENTS, ACTION_KINDS), most=25)}, ("elements",)),
    "input": Shape(
        {
            "label": plain(2000),
            "element": kinds(ELEMENTS, INPUT_KINDS),
            "hint": plain(2000),
            "optional": boolean,
            "dispatch_action": boolean,
        },
        ("label", "element"),
    ),
    "rich_text": Shape({"elements": RICH_ELEMENTS}, ("elements",)),
    "markdown": Shape({"text": string(MARKDOWN_TEXT)}, ("text",)),
    "table": Shape(
        {
            "rows": items(items(kinds(_CELL), most=20), most=100),
            "column_settings": items(_COLUMN, most=20),
        },
        ("rows",),
    ),
    "file": Shape({"external_id": string(), "source": one_of("remote")}, ("external_id", "source")),
}
_EVERYWHERE = {"section", "divider", "header", "image", "context", "actions", "input", "rich_text"}
_ALLOWED: dict[Surface, set[str]] = {
    "message": _EVERYWHERE | {"markdown", "table", "file"},
    "modal": _EVERYWHERE,
    "home": _EVERYWHERE | {"table"},
}


def _with_block_id(shape: Shape) -> Shape:
    return Shape({**shape.may, "block_id": string(255)}, shape.must, shape.rules)


_SHAPES: dict[str, Check] = {kind: _with_block_id(shape) for kind, shape in _BLOCKS.items()}


def elements_of(block: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields a block's elements that may carry an action_id, each with its JSON pointer within."""
    accessory, element, elements = (block.get(k) for k in ("accessory", "element", "elements"))
    if isinstance(accessory, dict):
        yield "accessory", accessory
    if isinstance(element, dict):
        yield "element", element
    if block.get("type") == "actions" and isinstance(elements, list):
        for i, each in enumerate(elements):
            if isinstance(each, dict):
                yield f"elements/{i}", each


def block_problems(blocks: Any, surface: Surface, at: str = "/blocks") -> Problems:
    """Returns Slack's complaints about a list of blocks on a surface; empty if it accepts them."""
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    found = items(kinds(_SHAPES, _ALLOWED[surface]), least=0, most=most)(blocks, at)
    if not isinstance(blocks, list):
        return found
    seen: set[Any] = set()
    focused = 0
    for i, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        block_id = block.get("block_id")
        if isinstance(block_id, str):
            if block_id in seen:
                found.append(
                    Complaint(f'`block_id` "{block_id}" already exists', f"{at}/{i}/block_id")
                )
            seen.add(block_id)
        found += _same_action_twice(block, f"{at}/{i}")
        for where, element in elements_of(block):
            focused += element.get("focus_on_load") is True
            if element.get("type") == "file_input" and surface != "modal":
                found.append(Complaint("unsupported type: file_input", f"{at}/{i}/{where}/type"))
    if focused > 1:
        found.append(Complaint("only one element may have `focus_on_load`", at))
    return found


def _same_action_twice(block: dict[str, Any], at: str) -> Problems:
    seen: set[str] = set()
    found: Problems = []
    for where, element in elements_of(block):
        action_id = element.get("action_id")
        if isinstance(action_id, str) and action_id in seen:
            found.append(
                Complaint(f'`action_id` "{action_id}" already exists', f"{at}/{where}/action_id")
            )
        elif isinstance(action_id, str):
            seen.add(action_id)
    return found


def text_total(value: Any) -> int:
    """Sums the characters of every `text` in blocks, as Slack does for `msg_blocks_too_long`."""
    if isinstance(value, list):
        return sum(text_total(each) for each in value)
    if not isinstance(value, dict):
        return 0
    return sum(
        len(each) if key == "text" and isinstance(each, str) else text_total(each)
        for key, each in value.items()
    )


def message_error(blocks: Any) -> tuple[str, Problems] | None:
    """Returns Slack's error code and complaints for a message's blocks; None if it accepts them."""
    if not isinstance(blocks, list):
        return "invalid_blocks_format", []
    found = block_problems(blocks, "message")
    if found:
        return "invalid_blocks", found
    markdown = [b for b in blocks if b["type"] == "markdown"]
    if sum(len(b["text"]) for b in markdown) > MARKDOWN_TEXT or text_total(blocks) > ALL_TEXT:
        return "msg_blocks_too_long", []
    if sum(b["type"] == "table" for b in blocks) > 1:
        return "invalid_attachments", [Complaint("only_one_table_allowed", "/blocks")]
    return None


_ANY_VIEW: dict[str, Check] = {
    "blocks": lambda *_: [],
    "private_metadata": string(3000, shortest=0),
    "callback_id": string(255, shortest=0),
    "external_id": string(255, shortest=0),
}
_VIEWS: dict[str, Check] = {
    "home": Shape(_ANY_VIEW, ("blocks",)),
    "modal": Shape(
        {
            **_ANY_VIEW,
            "title": plain(24),
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
        },
        ("title", "blocks"),
    ),
}


def view_error(view: Any, surface: Literal["modal", "home"]) -> tuple[str, Problems] | None:
    """Returns Slack's error code and complaints for a view; None if it accepts it.

    A view in the response to an interaction is judged by the same rules.
    """
    found = kinds(_VIEWS, (surface,))(view, "/view")
    if isinstance(view, dict) and "blocks" in view:
        found += block_problems(view["blocks"], surface, "/view/blocks")
        if surface == "modal" and "submit" not in view:
            found += _inputs_need_submit(view["blocks"])
    if found:
        return "invalid_arguments", [
            Complaint("failed to match all allowed schemas", "/view"),
            *found,
        ]
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        return "view_too_large", []
    return None


def _inputs_need_submit(blocks: Any) -> Problems:
    return [
        Complaint(
            "must define `submit` to use an `input` block in modals", f"/view/blocks/{i}/input"
        )
        for i, block in enumerate(blocks if isinstance(blocks, list) else [])
        if isinstance(block, dict) and block.get("type") == "input"
    ]
