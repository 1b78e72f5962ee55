"""Who else says whether Slack would take it: our stand-in, and two independent libraries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import blockkit
import slackblocks

from blocks.message import MAX_BLOCKS, MAX_TEXT, Message, View, text_length
from playground.slack import blockkit as stand_in

_BLOCKKIT = {
    "actions": "Actions",
    "button": "Button",
    "checkboxes": "Checkboxes",
    "context": "Context",
    "divider": "Divider",
    "header": "Header",
    "input": "Input",
    "mrkdwn": "Text",
    "overflow": "Overflow",
    "plain_text": "Text",
    "plain_text_input": "PlainTextInput",
    "radio_buttons": "RadioButtons",
    "rich_text": "RichText",
    "rich_text_preformatted": "RichTextPreformatted",
    "section": "Section",
    "static_select": "StaticSelect",
    "text": "RichTextEl",
}


def judge_message(message: Message) -> None:
    assert len(message.blocks) <= MAX_BLOCKS
    assert text_length(message.blocks) < MAX_TEXT
    problem = stand_in.message_error(message.blocks)
    assert problem is None, problem
    assert message.text.strip(), message
    assert "\n" not in message.text, message
    assert len(message.text.encode()) <= 3500
    _no_bare_brackets(message.text, "fallback")
    for block in message.blocks:
        _judge(block)
    message.text.encode()  # no half characters
    str(message.payload()).encode()


def judge_view(view: View) -> None:
    surface = view["type"]
    assert surface in ("modal", "home")
    problem = stand_in.view_error(dict(view), surface)
    assert problem is None, problem
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    for block in blocks:
        _judge(block)


def _judge(block: dict[str, Any]) -> None:
    with suppress(NotImplementedError):  # slackblocks reads no elements yet
        slackblocks.Block.from_dict({k: v for k, v in block.items() if k != "accessory"})
    _blockkit(block).build()
    _mrkdwn(block)


def _blockkit(value: Any) -> Any:
    if isinstance(value, list):
        return [_blockkit(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "type" not in value:  # an option
        return blockkit.Option(**{k: _blockkit(v) for k, v in value.items()})
    kind = getattr(blockkit, _BLOCKKIT[value["type"]])
    keep_type = value["type"] in ("plain_text", "mrkdwn")
    return kind(**{k: _blockkit(v) for k, v in value.items() if keep_type or k != "type"})


def _mrkdwn(value: Any) -> None:
    """Whatever came from outside cannot mention, link or call."""
    if isinstance(value, list):
        for each in value:
            _mrkdwn(each)
    elif isinstance(value, Mapping):
        if value.get("type") == "mrkdwn":
            assert value.get("verbatim") is True
            _no_bare_brackets(value["text"], "mrkdwn")
        for each in value.values():
            _mrkdwn(each)


def _no_bare_brackets(text: str, what: str) -> None:
    rest = re.sub(
        r"<(?:@[UW][A-Z0-9]+|!subteam\^S[A-Z0-9]+|#[CGD][A-Z0-9]+|https?://[^<>|]+\|[^<>|]+)>",
        "",
        text,
    )
    if what == "mrkdwn":  # the fallback has UTC
        rest = re.sub(r"<!date\^\d+\^[{}a-z_ ]+\|[A-Za-z0-9 :]+>", "", rest)
    assert "<" not in rest, (what, text)
    assert ">" not in rest, (what, text)
    rest = re.sub(r"&(?:amp|lt|gt);", "", rest)
    assert "&" not in rest, (what, text)
