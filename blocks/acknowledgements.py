"""Acknowledgements and snoozes: the alert for a broken one, and the form behind *Snooze…*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slack_sdk.models.blocks import InputBlock, PlainTextObject, RadioButtonsElement

from blocks import buttons, card, forms, parts
from blocks.buttons import Act
from blocks.escape import fallback, mrkdwn
from blocks.message import Message, View, message
from bot.core.model.decisions import Acknowledgement
from bot.core.model.report import Card
from bot.core.model.values import Priority
from bot.core.text import display

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

TITLE = "Snooze or set priority"
CHOICE = "choice"
DAY, REVISION = "1d", "revision"


def broke(
    acknowledgement: Acknowledgement, name: str, text: str, *, now: int, query: Act
) -> Message:
    """Alerts the channel to a broken acknowledgement.

    `name`: `C3`, if known. `text`: what broke it, worded as the end of a sentence.
    """
    environment = display.one_line(query.environment)
    title = display.cut(display.one_line(acknowledgement.title or acknowledgement.cluster), 120)
    which = f"{name} {title}".strip()
    short = f"{environment}: no longer matches the acknowledgement: {text}. {which}"
    found: list[Block] = [
        parts.section(parts.plain_text(f"⚠ {environment}: {which}", 400)),
        parts.section(f"→ No longer matches the acknowledgement: {mrkdwn(text, 300)}"),
        parts.context(f"Expected: {card.acknowledgement_text(acknowledgement, now=now)}"),
    ]
    row = parts.actions(
        parts.button(
            "Expected…", query.of(buttons.EXPECTED, acknowledgement.cluster), label="Mark again"
        ),
        card.button_undo(query, acknowledgement.cluster, buttons.UNDO_EXPECTED, name or title),
    )
    return message(fallback(short), [*found, *([row] if row else [])])


# --- snooze --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SnoozeForm:
    """The choice made in the form: a snooze or a priority."""

    until: str = ""
    """`1d` or `revision`."""
    priority: Priority | None = None


def snooze_form(each: Card, act: Act, *, revision: str | None) -> View:
    """Offers all choices as one list of radio buttons.

    `revision`: the newest one, after which a later revision ends the snooze; None if unknown.
    """
    cluster = each.cluster
    title = display.cut(display.one_line(cluster.title), 150)
    made = [forms.radio(DAY, "Snooze for 1 day", "It counts as no problem until then")]
    if revision:
        shown = display.revision(revision, cluster.services)
        made.append(forms.radio(REVISION, "Snooze until the next revision", f"Now {shown}"))
    made += [
        forms.radio(p.name, f"Set priority {p.name}", f"Now {each.priority.name}")
        for p in Priority
        if p != each.priority and p <= Priority.P7
    ]
    found: list[Block] = [
        parts.context(parts.plain_text(f"{cluster.name} {title}", 300)),
        InputBlock(
            block_id=CHOICE,
            label=PlainTextObject(text="What to do"),
            element=RadioButtonsElement(
                action_id=forms.INPUT, options=made, initial_option=made[0]
            ),
        ),
    ]
    return forms.view(TITLE, found, act, callback=buttons.SNOOZE_FORM, submit="Save")


def parse_snooze(view: Mapping[str, object]) -> tuple[SnoozeForm | None, dict[str, str]]:
    """Parses a submitted view; returns the form, or error texts by block id."""
    text = str(forms.value(view, CHOICE) or "")
    if text in (DAY, REVISION):
        return SnoozeForm(until=text), {}
    if text in Priority.__members__:
        return SnoozeForm(priority=Priority[text]), {}
    return None, {CHOICE: "Choose what to do."}
