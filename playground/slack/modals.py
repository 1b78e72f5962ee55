"""An open modal: entering values, Slack's own checks, and the response to a submission."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from playground.feed import Json
from playground.slack.blockkit import elements_of
from playground.slack.payloads import check_choice
from playground.slack.records import Refused, View
from playground.slack.state import SlackState
from playground.slack.views import (
    checked_view,
    close_views,
    push_view,
    replace_view,
    tell_view,
)

_KEPT = ("value", "selected_", "rich_text_value", "files")


def enter(
    blocks: list[Json], state: dict[str, Json], given: Mapping[str, Mapping[str, Any]]
) -> None:
    """Stores what a person entered in a state; values for unknown elements are ignored.

    Raises PlaygroundError for an option that an element does not have.
    """
    for block in blocks:
        for _, element in elements_of(block):
            block_id, action_id = block["block_id"], element.get("action_id") or ""
            entered = given.get(block_id, {}).get(action_id)
            known = state.get(block_id, {}).get(action_id)
            if entered is None or known is None:
                continue
            kept = {key: each for key, each in entered.items() if key.startswith(_KEPT)}
            check_choice(element, kept)
            if element["type"].endswith("_input") and kept.get("value") == "":
                kept["value"] = None  # Slack sends null for an empty input
            known.update(kept)


def _inputs(view: View) -> Iterator[tuple[Json, Json, Any]]:
    for block in view.payload["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        state = view.values[block["block_id"]][element["action_id"]]
        entered = [value for key, value in state.items() if key != "type"]
        yield block, element, entered[0] if entered else None


def unfinished(view: View) -> dict[str, str]:
    """Returns what Slack's client rejects before sending anything: block_id → sentence."""
    found: dict[str, str] = {}
    for block, element, entered in _inputs(view):
        if entered in (None, "", []):
            if not block.get("optional", False):
                found[block["block_id"]] = "Please complete this required field."
        elif element["type"] == "plain_text_input":
            least, most = element.get("min_length", 0), element.get("max_length", 3000)
            if len(entered) < least:
                found[block["block_id"]] = f"Please enter at least {least} characters."
            elif len(entered) > most:
                found[block["block_id"]] = f"Please enter at most {most} characters."
    return found


def after_submission(state: SlackState, view: View, answer: Json | None) -> None:
    """Applies the app's response to a submission. Raises Refused for an invalid one."""
    action = (answer or {}).get("response_action")
    given = answer or {}
    if action is None:
        close_views(state, view.user, [view.id])
    elif action == "clear":
        close_views(state, view.user, list(state.stacks.get(view.user, [])))
    elif action == "errors":
        view.errors = _errors(view, given.get("errors"))
        tell_view(state, view)
    elif action == "update":
        replace_view(state, view, checked_view(state, given.get("view"), "modal"))
    elif action == "push":
        push_view(state, view.user, checked_view(state, given.get("view"), "modal"))
    else:
        raise Refused("invalid_response_action")


def _errors(view: View, errors: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block, _, _ in _inputs(view)}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise Refused("invalid_errors", messages=["errors must name input blocks of the view"])
    return {str(key): str(value) for key, value in errors.items()}
