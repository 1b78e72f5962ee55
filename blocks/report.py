"""The report, and what precedes it in the same message: progress, cancelled, failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks import buttons, card, parts
from blocks.buttons import OFFERED, Act
from blocks.card import Setting
from blocks.escape import fallback, mrkdwn, user
from blocks.message import MAX_BLOCKS, MAX_TEXT, Message, message, text_length
from bot.core.model.report import (
    Card,
    Progress,
    Report,
    Traffic,
)
from bot.core.model.values import State, Window
from bot.core.text import display
from bot.core.text.display import number
from bot.core.trends.traffic import arrived

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

FULL_CARDS = 8
SMALL_CARDS = 8
_ROOM_BELOW = 2
"""Blocks kept for the buttons and the last line."""
_TEXT_BELOW = 600


# --- before --------------------------------------------------------------------------------------


def progress(
    environment: str,
    window: Window,
    state: Progress,
    query: Act,
    *,
    now: int | None = None,
    timezone: str = "UTC",
) -> Message:
    """Renders the progress, edited every three seconds. `query.report` identifies the run.

    `now` in nanoseconds, here and in the next two; defaults to the window's end.
    """
    now = window.end if now is None else now
    which = _asked(environment, window, timezone, now)
    if state.read == 0 and state.read_back_to is None:
        text = f"{which}: reading starts."
    else:
        back = state.read_back_to
        reached = f"read back to {display.clock(back, timezone, now)} " if back is not None else ""
        entries = display.many(state.read, "entry", "entries")
        text = f"{which}: {reached}({display.percent(state.share)}), {entries}."
    if state.worst:
        text += f" Worst so far: {display.cut(display.one_line(state.worst), card.TITLE)}"
    cancel = parts.button("Cancel", query.of(buttons.CANCEL), label="Stop reading")
    return message(fallback(text), [parts.section(parts.plain_text(text, 600), cancel)])


def cancelled(
    environment: str,
    window: Window,
    read: int,
    query: Act,
    *,
    by: str,
    now: int | None = None,
    timezone: str = "UTC",
) -> Message:
    """Replaces the progress after a cancel. `by` is a Slack user id."""
    which = _asked(environment, window, timezone, window.end if now is None else now)
    line = f"{which}: stopped after {display.many(read, 'entry', 'entries')}. Nothing was kept."
    text = f"{mrkdwn(line, 600)}\nStopped by {user(by)}."
    again = parts.button("Run again", query.of(buttons.RUN))
    return message(fallback(line), [parts.section(text, again)])


def failed(
    environment: str,
    window: Window,
    sentence: str,
    query: Act,
    *,
    reference: str | None = None,
    now: int | None = None,
    timezone: str = "UTC",
) -> Message:
    """Replaces the progress if nothing could be read. `sentence` is the error's own."""
    which = _asked(environment, window, timezone, window.end if now is None else now)
    why = display.cut(display.one_line(sentence), 1500)
    text = f"{which}: no report. {why}"
    if reference:
        text += f" Reference {display.one_line(reference)}."
    again = parts.button("Try again", query.of(buttons.RUN))
    return message(fallback(text), [parts.section(parts.plain_text(text, 2500), again)])


# --- the report ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Layout:
    shown: list[Card]
    further: list[Card]


def report(report: Report, *, now: int, age: int | None, query: Act, more: bool) -> Message:
    """Renders the finished report.

    `age`: nanoseconds since it was read, None if just now. `query.query`: the command (empty if it
    cannot be run again), `query.report`: the cache key. `more`: a thread with further cards and the
    worklog follows. At most 40 blocks and 10,000 characters; `further` renders the other cards.
    """
    at = Setting.of(report, now, query)
    above = _above(report, at)
    layout = _layout(report, at)
    found = [*above, *(b for each in layout.shown for b in card.blocks(each, at))]
    row = parts.actions(
        parts.button("Review all", query.of(buttons.REVIEW_ALL))
        if buttons.REVIEW_ALL in OFFERED and layout.shown
        else None,
        parts.button("Refresh", query.of(buttons.REFRESH), label="Read again now")
        if query.query
        else None,
    )
    if row:
        found.append(row)
    found.append(parts.context(_last_line(report, at, age, len(layout.further), more)))
    return message(fallback(summary(report, now, query)), found)


def further(report: Report, *, now: int, query: Act) -> list[Message]:
    """Renders the cards that did not fit into the report, as messages for its thread."""
    at = Setting.of(report, now, query)
    rest = _layout(report, at).further
    found: list[Message] = []
    while rest:
        taken, rest = _fit(rest, at, MAX_BLOCKS, MAX_TEXT - 200, full=FULL_CARDS, small=30)
        names = ", ".join(display.one_line(each.cluster.name) for each in taken)
        text = f"{report.environment}, further: {names}"
        found.append(message(fallback(text), [b for each in taken for b in card.blocks(each, at)]))
    return found


def summary(report: Report, now: int, query: Act) -> str:
    """Summarises the report in one sentence for a lock screen, unescaped."""
    at = Setting.of(report, now, query)
    alarm = _silence(report)
    if alarm:
        return alarm
    live = [c for c in report.cards if not card.is_expected(c, at)]
    if not live:
        return _nothing(report, at)
    text = f"{report.environment}: {_counts(report, at)}."
    if not report.coverage.complete:
        text += " Not everything was read."
    return f"{text} {live[0].priority.name} {live[0].cluster.title}"


def _asked(environment: str, window: Window, timezone: str, now: int) -> str:
    return f"{display.one_line(environment)}, {display.window(window, timezone, now)}"


def _title(report: Report, at: Setting) -> str:
    return _asked(report.environment, report.window, report.timezone, report.generated or at.now)


def counted(report: Report, at: Setting) -> str:
    """Renders `3 problems, 1 new, 1 expected, worst P2`."""
    live = [c.priority for c in report.cards if not card.is_resting(c, at)]
    return _counts(report, at) + (f", worst {min(live).name}" if live else "")


def _counts(report: Report, at: Setting) -> str:
    """Renders `3 problems, 1 new, 1 expected`."""
    cards = report.cards
    live = [c for c in cards if not card.is_resting(c, at)]
    pieces = [display.many(len(live), "problem")]
    states = (State.NEW, State.ESCALATING, State.REGRESSED)
    tally = Counter(c.cluster.state for c in live)
    pieces += [f"{number(tally[state])} {state.value}" for state in states if tally[state]]
    pieces += _resting(report, at)
    return ", ".join(pieces)


def _resting(report: Report, at: Setting) -> list[str]:
    """Renders `1 expected`, `2 snoozed`, where there are any."""
    expected = sum(card.is_expected(c, at) for c in report.cards)
    snoozed = sum(card.is_resting(c, at) for c in report.cards) - expected
    return [
        f"{number(n)} {what}" for n, what in ((expected, "expected"), (snoozed, "snoozed")) if n
    ]


def _silence(report: Report) -> str | None:
    """Returns an alarm if everything was read and there was not one entry; else None."""
    if report.coverage.read or report.coverage.missing:
        return None
    if report.partial or not report.counts_requests:
        return None
    if report.last_entry is not None:
        now = report.generated or report.window.end
        traffic = arrived(report.traffic)
        since = display.since(report.last_entry, report.timezone, now)
        return f"🔴 {report.environment} sends no logs since {since}, {traffic}."
    span = display.duration(report.window.end - report.window.start)
    traffic = arrived(report.traffic)
    traffic = traffic[0].upper() + traffic[1:]
    return f"🔴 {report.environment} sends no logs: not one entry in {span}. {traffic}."


def silent(
    environment: str, since: int, traffic: Traffic | None, *, now: int, timezone: str = "UTC"
) -> Message:
    """Renders the alarm for a service that logs nothing at all."""
    since_when = display.since(since, timezone, now)
    name = display.one_line(environment)
    text = f"🔴 {name} sends no logs since {since_when}, {arrived(traffic)}."
    return message(fallback(text), [parts.section(parts.plain_text(text, 600))])


def _nothing(report: Report, at: Setting) -> str:
    read = display.many(report.coverage.read, "entry", "entries")
    if resting := _resting(report, at):
        return f"{_title(report, at)}: nothing but {' and '.join(resting)} in {read}."
    may_rest = report.partial or not report.counts_requests
    if may_rest and not report.coverage.read and not report.coverage.missing:
        names = [display.cut(display.one_line(s), 60) for s in report.services[:3]]
        which = ", ".join(names) or "what the filter finds"
        return f"{_title(report, at)}: not one entry of {which}, {arrived(report.traffic)}."
    level = report.min_severity.name
    above = "at all" if level == "DEFAULT" else f"at {level} or above"
    if report.coverage.missing:
        return f"{_title(report, at)}: nothing {above} in the {read} that could be read."
    return f"{_title(report, at)}: nothing {above} in {read}."


def _above(report: Report, at: Setting) -> list[Block]:
    alarm = _silence(report)
    live = [c for c in report.cards if not card.is_resting(c, at)]
    if alarm or not live:
        text = alarm or _nothing(report, at)
    else:
        text = f"{_title(report, at)}: {counted(report, at)}"
    found: list[Block] = [
        parts.section(f"*{mrkdwn(text, 600)}*"),
        parts.context(parts.plain_text(_coverage(report), 600)),
    ]
    missing = _not_read(report, at)
    return [*found, parts.section(parts.plain_text(missing, 900))] if missing else found


def _coverage(report: Report) -> str:
    read = report.coverage
    services = [display.cut(display.one_line(s), 60) for s in report.services[:3]]
    if len(report.services) > 3:
        services.append(f"+{len(report.services) - 3}")
    who = ", ".join(services)
    if report.revisions and len(report.services) == 1:  # of several: unclear whose
        who = f"{who} {display.revision(report.revisions[0], report.services)}".strip()
    whole = ", whole window" if read.complete else ""
    parted = [f"{number(read.clustered)} clustered"]
    for n, what in (
        (read.below_severity, f"below {report.min_severity.name}"),
        (read.outside_window, "outside the window"),
        (read.duplicates, "read twice"),
        (read.broken, "broken"),
    ):
        if n:
            parted.append(f"{number(n)} {what}")
    return " · ".join(filter(None, [who, f"read {number(read.read)}{whole}: {', '.join(parted)}"]))


def _not_read(report: Report, at: Setting) -> str:
    read = report.coverage
    pieces = []
    if read.missing:
        spans = [display.span(w.start, w.end, at.timezone, at.now) for w in read.missing[:4]]
        more = f" and {len(read.missing) - 4} more" if len(read.missing) > 4 else ""
        pieces.append(f"Not read: {', '.join(spans)}{more}.")
    if read.sampled < 1.0:
        pieces.append(f"Read a sample, {display.percent(read.sampled)}: counts are the sample's.")
    if read.broken:
        lines = display.many(read.broken, "entry", "entries")
        pieces.append(f"{lines} could not be understood.")
    pieces += [display.cut(display.one_line(note), 200) for note in read.notes[:3]]
    return "⚠ " + " ".join(pieces) if pieces else ""


def _last_line(report: Report, at: Setting, age: int | None, beyond: int, more: bool) -> str:
    when = report.generated or at.now
    text = f"Read {display.clock(when, at.timezone, at.now)}"
    if age is not None:
        text += f", {display.ago(age)}"
    there = [display.many(beyond, "further card")] if beyond else []
    if more and report.cards:
        there += ["worklog", "evidence"]
    if not there:
        return mrkdwn(f"{text}.", 300)
    listed = there[0] if len(there) == 1 else f"{', '.join(there[:-1])} and {there[-1]}"
    return mrkdwn(f"{text}. {listed[0].upper()}{listed[1:]} in the thread.", 300)


# --- what fits -----------------------------------------------------------------------------------


def _layout(report: Report, at: Setting) -> _Layout:
    above = _above(report, at)
    ordered = sorted(report.cards, key=lambda c: card.is_resting(c, at))
    shown, rest = _fit(
        ordered,
        at,
        MAX_BLOCKS - len(above) - _ROOM_BELOW,
        MAX_TEXT - text_length([b.to_dict() for b in above]) - _TEXT_BELOW,
        full=FULL_CARDS,
        small=SMALL_CARDS,
    )
    return _Layout(shown, rest)


def _fit(
    cards: list[Card], at: Setting, room: int, text: int, *, full: int, small: int
) -> tuple[list[Card], list[Card]]:
    """Splits cards into those that fit, in order, and the rest; takes at least one."""
    for i, each in enumerate(cards):
        drawn = [b.to_dict() for b in card.blocks(each, at)]
        room -= len(drawn)
        text -= text_length(drawn)
        if card.is_small(each, at):
            small -= 1
        else:
            full -= 1
        if i and min(room, text, full, small) < 0:
            return cards[:i], cards[i:]
    return list(cards), []
