"""Building blocks of a modal: fields, choices, and reading their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from slack_sdk.models.blocks import InputBlock, Option, PlainTextInputElement, PlainTextObject
from slack_sdk.models.views import View as SlackView

from blocks.buttons import METADATA_LIMIT, Act
from blocks.escape import plain, visible
from blocks.message import View
from bot.core.text import display

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

INPUT = "value"
"""The action id inside each input block."""


def value(view: Mapping[str, object], block_id: str) -> object:
    """Returns an input block's value; None if it is empty or absent."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, Mapping) else None
    block = values.get(block_id) if isinstance(values, Mapping) else None
    if not isinstance(block, Mapping):
        return None
    for element in block.values():
        if not isinstance(element, Mapping):
            continue
        option = element.get("selected_option")
        if isinstance(option, Mapping):
            return option.get("value")
        if "selected_options" in element:
            return element["selected_options"]
        return element.get("value")
    return None


def radio(value: str, text: str, description: str) -> Option:
    """Builds one radio option; its description is shown only if it has visible characters."""
    return Option(
        value=value,
        text=PlainTextObject(text=plain(text, 75), emoji=False),
        description=PlainTextObject(text=plain(description, 75), emoji=False)
        if visible(plain(description, 75))
        else None,
    )


def text_input(
    block_id: str,
    label: str,
    value: str,
    *,
    limit: int,
    hint: str = "",
    optional: bool = False,
    multiline: bool = False,
) -> InputBlock:
    """Builds a text field with an initial `value`."""
    return InputBlock(
        block_id=block_id,
        label=PlainTextObject(text=label),
        element=PlainTextInputElement(
            action_id=INPUT,
            # Not cleaned: zero-width spaces in a draft's title keep it from mentioning anyone.
            initial_value=display.cut(display.encodable(value), limit) or None,
            multiline=multiline,
            max_length=limit,
        ),
        hint=PlainTextObject(text=hint) if hint else None,
        optional=optional,
    )


def view(
    title: str, found: Sequence[Block], act: Act, *, callback: str = "", submit: str = ""
) -> View:
    """Builds a modal; without `submit` it can only be closed."""
    made = SlackView(
        type="modal",
        title=PlainTextObject(text=plain(title, 24)),
        submit=PlainTextObject(text=submit) if submit else None,
        close=PlainTextObject(text="Cancel" if submit else "Close"),
        blocks=list(found),
        callback_id=callback or "notice",
        private_metadata=act.encode(METADATA_LIMIT),
    )
    return View(made.to_dict())
