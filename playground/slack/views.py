"""views.*: modals and the home tab."""

from __future__ import annotations

from typing import Any, Literal

from playground.feed import Json
from playground.slack.args import (
    Args,
    invalid,
    pictures_missing,
    refusal,
)
from playground.slack.blockkit import elements_of, view_error
from playground.slack.blockkit_elements import STATEFUL_KINDS
from playground.slack.records import Refused, View
from playground.slack.state import (
    VIEW_STACK,
    SlackState,
    fingerprint,
    new_id,
    with_ids,
)


def checked_view(state: SlackState, view: Any, kind: Literal["modal", "home"]) -> Json:
    """Validates a view and fills in ids. Raises Refused."""
    trouble = view_error(view, kind)
    if trouble is not None:
        raise refusal(*trouble)
    missing = pictures_missing(state, view["blocks"], "/view/blocks")
    if missing:
        raise refusal("invalid_arguments", missing)
    return {**view, "blocks": with_ids(view["blocks"])}


def _given_view(state: SlackState, args: Args, kind: Literal["modal", "home"]) -> Json:
    args.need("view")
    return checked_view(state, args.parsed("view", "invalid_arguments"), kind)


def _own_name(state: SlackState, payload: Json, but: View | None = None) -> None:
    name = payload.get("external_id")
    if name and any(
        view.payload.get("external_id") == name
        for view in (*state.views.values(), *state.homes.values())
        if view is not but
    ):
        raise Refused("duplicate_external_id")


def first_value(element: Json) -> Json:
    """Returns the initial state of an element."""
    kind = element["type"]
    value: Json = {"type": kind}
    if kind.endswith("_input"):
        value["value"] = element.get("initial_value")
    elif kind in ("checkboxes", "multi_static_select", "multi_external_select"):
        value["selected_options"] = element.get("initial_options", [])
    elif kind in ("radio_buttons", "static_select", "external_select"):
        value["selected_option"] = element.get("initial_option")
    else:
        what = kind.removesuffix("_select").removesuffix("picker").removeprefix("multi_")
        if kind.startswith("multi_"):
            value[f"selected_{what}"] = element.get(f"initial_{what}", [])
        else:
            name = {"datetime": "date_time"}.get(what, what.removesuffix("s"))
            value[f"selected_{name}"] = element.get(f"initial_{name}")
    return value


def first_values(blocks: list[Json], before: dict[str, Json] | None = None) -> dict[str, Json]:
    """Returns the state of all stateful elements; earlier input is kept where ids are unchanged."""
    values: dict[str, Json] = {}
    for block in blocks:
        for _, element in elements_of(block):
            if element.get("type") in STATEFUL_KINDS:
                block_id, action_id = block["block_id"], element["action_id"]
                kept = (before or {}).get(block_id, {}).get(action_id)
                values.setdefault(block_id, {})[action_id] = kept or first_value(element)
    return values


def tell_view(state: SlackState, view: View) -> None:
    """Publishes a view's current state."""
    kind = "view" if view.kind == "modal" else "home"
    state.feed.publish({"type": kind, "view": view.page()}, only_for=view.user)


def push_view(state: SlackState, user: str, payload: Json) -> View:
    """Puts a valid view on top of a person's modals. Raises Refused if there are three already."""
    stack = state.stacks.setdefault(user, [])
    if len(stack) >= VIEW_STACK:
        raise Refused("push_limit_reached")
    _own_name(state, payload)
    view_id = new_id("V")
    view = View(
        view_id,
        "modal",
        user,
        payload,
        fingerprint(payload, state.now()),
        root=stack[0] if stack else view_id,
        previous=stack[-1] if stack else None,
        values=first_values(payload["blocks"]),
    )
    state.views[view_id] = view
    stack.append(view_id)
    tell_view(state, view)
    return view


def replace_view(state: SlackState, view: View, payload: Json) -> None:
    """Replaces an open view's content; inputs with unchanged ids keep what was entered."""
    _own_name(state, payload, view)
    view.payload = payload
    view.hash = fingerprint(payload, state.now())
    view.values = first_values(payload["blocks"], view.values)
    view.errors = {}
    tell_view(state, view)


def close_views(state: SlackState, user: str, views: list[str]) -> None:
    """Removes views from a person's stack and notifies the feed."""
    stack = state.stacks.get(user, [])
    for view_id in views:
        if view_id in stack:
            stack.remove(view_id)
        if state.views.pop(view_id, None) is not None:
            state.feed.publish({"type": "view_closed", "id": view_id}, only_for=user)


def open_view(state: SlackState, args: Args) -> Json:
    """views.open. Replaces a modal that was open before."""
    args.need("trigger_id")
    payload = _given_view(state, args, "modal")
    trigger = state.use_trigger(args.text("trigger_id"))
    close_views(state, trigger.user, list(state.stacks.get(trigger.user, [])))
    return {"ok": True, "view": push_view(state, trigger.user, payload).api()}


def push(state: SlackState, args: Args) -> Json:
    """views.push: only with a trigger id from a modal."""
    args.need("trigger_id")
    payload = _given_view(state, args, "modal")
    trigger = state.use_trigger(args.text("trigger_id"))
    if trigger.view is None or trigger.view not in state.views:
        raise invalid(
            "must match the `type` of the root view whose stack we're pushing onto "
            "[json-pointer:/view/type]"
        )
    return {"ok": True, "view": push_view(state, trigger.user, payload).api()}


def update(state: SlackState, args: Args) -> Json:
    """views.update, by view_id or external_id, guarded by the hash if one is given."""
    view_id, external_id = args.maybe("view_id"), args.maybe("external_id")
    if (view_id is None) == (external_id is None):
        raise invalid("must provide either `view_id` or `external_id`")
    views = (*state.views.values(), *state.homes.values())
    view = next(
        (
            each
            for each in views
            if (view_id and each.id == view_id)
            or (external_id and each.payload.get("external_id") == external_id)
        ),
        None,
    )
    if view is None:
        raise Refused("not_found")
    payload = _given_view(state, args, view.kind)
    if args.maybe("hash") not in (None, view.hash):
        raise Refused("hash_conflict")
    replace_view(state, view, payload)
    return {"ok": True, "view": view.api()}


def publish(state: SlackState, args: Args) -> Json:
    """views.publish: sets a person's home tab."""
    args.need("user_id")
    if not state.setup.home_tab:
        raise Refused("not_enabled")
    user = args.text("user_id")
    if user not in state.people:
        raise invalid("invalid user [json-pointer:/user_id]")
    payload = _given_view(state, args, "home")
    home = state.homes.get(user)
    if home is not None:
        if args.maybe("hash") not in (None, home.hash):
            raise Refused("hash_conflict")
        replace_view(state, home, payload)
        return {"ok": True, "view": home.api()}
    _own_name(state, payload)
    view_id = new_id("V")
    home = View(
        view_id,
        "home",
        user,
        payload,
        fingerprint(payload, state.now()),
        root=view_id,
        values=first_values(payload["blocks"]),
    )
    state.homes[user] = home
    tell_view(state, home)
    return {"ok": True, "view": home.api()}
