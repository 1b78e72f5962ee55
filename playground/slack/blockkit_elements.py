"""Block Kit's composition objects and elements, with their limits (Slack's reference pages)."""

from __future__ import annotations

import re
from typing import Any

from playground.slack.blockkit_rich import RICH_VALUE
from playground.slack.blockkit_schema import (
    Check,
    Complaint,
    Problems,
    Shape,
    at_least_one,
    boolean,
    exactly_one,
    in_order,
    integer,
    items,
    kinds,
    one_of,
    string,
    web_address,
)


def plain(longest: int) -> Check:
    """Checks a plain_text object of at most `longest` characters."""
    return kinds(
        {"plain_text": Shape({"text": string(longest), "emoji": boolean}, ("text",))},
    )


def either(longest: int) -> Check:
    """Checks a mrkdwn or plain_text object.

    Slack reports its errors twice, as a union and as itself.
    """
    shapes = kinds(
        {
            "mrkdwn": Shape({"text": string(longest), "verbatim": boolean}, ("text",)),
            "plain_text": Shape({"text": string(longest), "emoji": boolean}, ("text",)),
        }
    )

    def check(value: Any, at: str) -> Problems:
        found = shapes(value, at)
        if found and isinstance(value, dict):
            return [Complaint("failed to match all allowed schemas", at), *found]
        return found

    return check


_SLACK_FILE = Shape(
    {"id": string(), "url": web_address()}, rules=(exactly_one("id", "url"),), typed=False
)
_THIS_MACHINE = re.compile(r"https?://(localhost|127\.|\[::1\]|0\.0\.0\.0)", re.IGNORECASE)


def _public_image(value: Any, at: str) -> Problems:
    found = web_address()(value, at)
    if not found and _THIS_MACHINE.match(value):
        # Slack downloads the picture itself, so a URL of this machine does not work.
        return [Complaint("downloading image failed", at)]
    return found


IMAGE_KEYS: dict[str, Check] = {
    "image_url": _public_image,
    "slack_file": _SLACK_FILE,
    "alt_text": string(2000, shortest=0),
}
IMAGE_RULE = exactly_one("image_url", "slack_file")

_CONFIRM = Shape(
    {
        "title": plain(100),
        "text": either(300),
        "confirm": plain(30),
        "deny": plain(30),
        "style": one_of("primary", "danger"),
    },
    ("title", "text", "confirm", "deny"),
    typed=False,
)
_DISPATCH = Shape(
    {
        "trigger_actions_on": items(
            one_of("on_enter_pressed", "on_character_entered"), least=1, most=2
        )
    },
    ("trigger_actions_on",),
    typed=False,
)
_FILTER = Shape(
    {
        "include": items(one_of("im", "mpim", "private", "public")),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    rules=(at_least_one("include", "exclude_external_shared_channels", "exclude_bot_users"),),
    typed=False,
)


def _option(text: Check, *, link: bool = False) -> Shape:
    keys: dict[str, Check] = {"text": text, "value": string(150), "description": text}
    if link:
        keys["url"] = web_address()
    return Shape(keys, ("text", "value"), typed=False)


_PLAIN_OPTION = _option(plain(75))
_RICH_OPTION = _option(either(75))
_LINK_OPTION = _option(plain(75), link=True)
_GROUP = Shape(
    {"label": plain(75), "options": items(_PLAIN_OPTION, most=100)},
    ("label", "options"),
    typed=False,
)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _initial_is_an_option(value: Any, at: str) -> Problems:
    options = [*_listed(value.get("options"))]
    for group in _listed(value.get("option_groups")):
        if isinstance(group, dict):
            options += _listed(group.get("options"))
    found: Problems = []
    if "initial_option" in value and value["initial_option"] not in options:
        found.append(Complaint("must exactly match one of the options", f"{at}/initial_option"))
    for i, each in enumerate(_listed(value.get("initial_options"))):
        if each not in options:
            pointer = f"{at}/initial_options/{i}"
            found.append(Complaint("must exactly match one of the options", pointer))
    return found


def _different_values(value: Any, at: str) -> Problems:
    seen: set[Any] = set()
    found: Problems = []
    for i, each in enumerate(_listed(value.get("options"))):
        key = each.get("value") if isinstance(each, dict) else None
        if isinstance(key, str) and key in seen:
            found.append(
                Complaint(f'option value "{key}" already exists', f"{at}/options/{i}/value")
            )
        elif isinstance(key, str):
            seen.add(key)
    return found


def _matches(pattern: str) -> Check:
    exact = re.compile(pattern)

    def check(value: Any, at: str) -> Problems:
        found = string()(value, at)
        return found or ([] if exact.fullmatch(value) else [Complaint("invalid format", at)])

    return check


_ID: dict[str, Check] = {"action_id": string(255)}
_SURE: dict[str, Check] = {"confirm": _CONFIRM}
_FOCUS: dict[str, Check] = {"focus_on_load": boolean}
_HINT: dict[str, Check] = {"placeholder": plain(150)}
_PICK: dict[str, Check] = {**_ID, **_SURE, **_FOCUS, **_HINT}
_MANY: dict[str, Check] = {"max_selected_items": integer(1, 1000)}
_IDS = items(string(), least=1)
_TYPED_IN: dict[str, Check] = {**_ID, **_FOCUS, **_HINT, "dispatch_action_config": _DISPATCH}

_BUTTON = Shape(
    {
        **_ID,
        **_SURE,
        "text": plain(75),
        "url": web_address(),
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
    },
    ("text",),
)
_RADIO_RULES = (_initial_is_an_option, _different_values)
_SELECT_RULES = (exactly_one("options", "option_groups"), _initial_is_an_option)
_SELECT: dict[str, Check] = {
    "options": items(_PLAIN_OPTION, most=100),
    "option_groups": items(_GROUP, most=100),
}

ELEMENTS: dict[str, Check] = {
    "button": _BUTTON,
    "image": Shape(IMAGE_KEYS, ("alt_text",), (IMAGE_RULE,)),
    "overflow": Shape(
        {**_ID, **_SURE, "options": items(_LINK_OPTION, least=2, most=5)},
        ("options",),
        (_different_values,),
    ),
    "radio_buttons": Shape(
        {
            **_ID,
            **_SURE,
            **_FOCUS,
            "options": items(_RICH_OPTION, most=10),
            "initial_option": _RICH_OPTION,
        },
        ("options",),
        _RADIO_RULES,
    ),
    "checkboxes": Shape(
        {
            **_ID,
            **_SURE,
            **_FOCUS,
            "options": items(_RICH_OPTION, most=10),
            "initial_options": items(_RICH_OPTION, most=10),
        },
        ("options",),
        _RADIO_RULES,
    ),
    "static_select": Shape(
        {**_PICK, **_SELECT, "initial_option": _PLAIN_OPTION}, (), _SELECT_RULES
    ),
    "multi_static_select": Shape(
        {**_PICK, **_SELECT, **_MANY, "initial_options": items(_PLAIN_OPTION, most=100)},
        (),
        _SELECT_RULES,
    ),
    "external_select": Shape(
        {**_PICK, "initial_option": _PLAIN_OPTION, "min_query_length": integer(0, 1000)}
    ),
    "users_select": Shape({**_PICK, "initial_user": string()}),
    "multi_users_select": Shape({**_PICK, **_MANY, "initial_users": _IDS}),
    "channels_select": Shape(
        {**_PICK, "initial_channel": string(), "response_url_enabled": boolean}
    ),
    "multi_channels_select": Shape({**_PICK, **_MANY, "initial_channels": _IDS}),
    "conversations_select": Shape(
        {
            **_PICK,
            "initial_conversation": string(),
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": _FILTER,
        }
    ),
    "multi_conversations_select": Shape(
        {
            **_PICK,
            **_MANY,
            "initial_conversations": _IDS,
            "default_to_current_conversation": boolean,
            "filter": _FILTER,
        }
    ),
    "datepicker": Shape({**_PICK, "initial_date": _matches(r"\d{4}-\d{2}-\d{2}")}),
    "timepicker": Shape(
        {**_PICK, "initial_time": _matches(r"([01]\d|2[0-3]):[0-5]\d"), "timezone": string()}
    ),
    "datetimepicker": Shape(
        {**_ID, **_SURE, **_FOCUS, "initial_date_time": integer(1_000_000_000, 9_999_999_999)}
    ),
    "plain_text_input": Shape(
        {
            **_TYPED_IN,
            "initial_value": string(3000, shortest=0),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        (),
        (in_order("min_length", "max_length"),),
    ),
    "email_text_input": Shape({**_TYPED_IN, "initial_value": string()}),
    "url_text_input": Shape({**_TYPED_IN, "initial_value": web_address()}),
    "number_input": Shape(
        {
            **_TYPED_IN,
            "is_decimal_allowed": boolean,
            "initial_value": string(),
            "min_value": string(),
            "max_value": string(),
        },
        ("is_decimal_allowed",),
    ),
    "rich_text_input": Shape(
        {
            **_TYPED_IN,
            "initial_value": RICH_VALUE,
            "min_lines": integer(1, 100),
            "max_lines": integer(1, 100),
        }
    ),
    "file_input": Shape({**_ID, "filetypes": items(string()), "max_files": integer(1, 10)}),
}

_PICKERS = frozenset(kind for kind in ELEMENTS if kind.endswith(("select", "picker"))) | {
    "checkboxes",
    "radio_buttons",
}
ACTION_KINDS = _PICKERS | {"button", "overflow"}
"""Elements allowed in an actions block."""
ACCESSORY_KINDS = ACTION_KINDS | {"image"}
"""Elements allowed beside a section."""
INPUT_KINDS = _PICKERS | {kind for kind in ELEMENTS if kind.endswith("_input")}
"""Elements allowed in an input block."""
STATEFUL_KINDS = INPUT_KINDS
"""Elements whose value appears in the state of a view or message."""
