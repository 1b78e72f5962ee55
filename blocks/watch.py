"""What a watch posts: a problem's message, and the answers in its thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blocks import buttons, card, moments, parts
from blocks.buttons import Act
from blocks.card import Setting
from blocks.escape import fallback, group, mrkdwn
from blocks.message import Message, message
from bot.core.model.report import Card, Report, Silence
from bot.core.model.values import SECOND, Priority, State
from bot.core.model.watching import Alert, Watch
from bot.core.text import display

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block, ButtonElement

_WHAT = {
    State.NEW: "new",
    State.ESCALATING: "escalating",
    State.REGRESSED: "regressed",
}


def problem(
    each: Card,
    report: Report,
    *,
    now: int,
    query: Act,
    times: int = 1,
    mention: str = "",
) -> Message:
    """Renders a problem's message. `times`: how often it began.

    `mention`: the id of a user group to notify.
    """
    at = Setting.of(report, now, query)
    title = display.cut(display.one_line(each.cluster.title), card.TITLE)
    line = f"{display.one_line(report.environment)}: {each.priority.name}, {_state(each, times)}"
    if each.ended is not None:
        line = f"{line}, over since {moments.since(each.ended.since, now)}"
    called = f" {group(mention)}" if mention and each.priority is Priority.P0 else ""
    found: list[Block] = [parts.section(f"*{mrkdwn(line, 300)}*{called}")]
    found += card.blocks(each, at)
    return message(fallback(f"{line}. {title}"), found)


def _state(each: Card, times: int) -> str:
    if times > 1:
        return f"for the {display.ordinal(times)} time"
    return _WHAT.get(each.cluster.state, "new")


def silence(
    each: Silence,
    environment: str,
    *,
    mention: str = "",
    now: int,
) -> Message:
    """Renders the message of a silence."""
    said = display.one_line(each.text(lambda ns: moments.clock(ns, now)))
    line = f"{display.one_line(environment)}: {said}."
    called = f" {group(mention)}" if mention else ""
    return message(fallback(line), [parts.section(f"🔴 *{mrkdwn(line, 600)}*{called}")])


def over(said: str, *, at: int, now: int) -> Message:
    """Renders the one answer in the thread of a problem that ended."""
    return _line(f"Over since {moments.since(at, now)}: {display.one_line(said)}.")


def again(alert: Alert, each: Card | None, *, mention: str = "") -> Message:
    """Renders the answer in the thread of a problem that began again."""
    text = f"Again, for the {display.ordinal(alert.times)} time"
    if each is not None:
        text += f": {display.many(each.occurrences, 'time')}"
    return _line(f"{text}.", mention if each is None or each.priority is Priority.P0 else "")


def worse(*, mention: str = "") -> Message:
    """Renders the answer in the thread of a problem that became P0."""
    return _line("It is P0 now.", mention)


def note(text: str) -> Message:
    """Renders a plain sentence."""
    return _line(display.one_line(text))


def _line(text: str, mention: str = "") -> Message:
    called = f" {group(mention)}" if mention else ""
    return message(fallback(text), [parts.section(f"{mrkdwn(text, 600)}{called}")])


def capped(environment: str, count: int) -> Message:
    """Tells the channel that further problems of the day wait for the digest."""
    name = display.one_line(environment)
    text = f"{name}: that is the day's limit of {count} alerts. Further ones wait for the digest."
    run = parts.button(f"Run {name}", Act(buttons.RUN, query=name))
    return message(fallback(text), [parts.section(parts.plain_text(text), run)])


def watching(watch: Watch) -> Message:
    """Confirms a watch in its channel."""
    name = display.one_line(watch.environment)
    every = display.duration(watch.every * SECOND)
    which = "P0" if watch.worst is Priority.P0 else f"P0 to {watch.worst.name}"
    text = (
        f"{name}: I look every {every} and post what is new or worse from {which}, "
        "silence, and what no longer matches an acknowledgement."
    )
    return message(fallback(text), [parts.section(parts.plain_text(text, 600), _stop(name))])


def _stop(environment: str) -> ButtonElement:
    act = Act(buttons.RUN, query=f"watch off {environment}")
    return parts.button("Stop", act, label=f"Stop watching {environment}")


def unwatched(removed: Sequence[Watch]) -> Message:
    """Confirms which watches ended, or that there were none."""
    names = ", ".join(display.one_line(each.environment) for each in removed)
    text = f"I no longer watch {names} here." if removed else "This channel had no watch."
    return message(fallback(text), [parts.section(parts.plain_text(text, 900))])
