"""The report, and what precedes it in the same message: progress, cancelled, failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks import buttons, card, moments, parts
from blocks.buttons import OFFERED, Act
from blocks.card import Setting
from blocks.escape import fallback, link, mrkdwn, user
from blocks.message import MAX_BLOCKS, MAX_TEXT, Message, message, text_length
from bot.core.model.report import (
    Card,
    Progress,
    Report,
)
from bot.core.model.values import State, Window
from bot.core.reports.alarms import alarms, all_outside, sends_nothing
from bot.core.text import display
from bot.core.text.display import number
from bot.core.trends.traffic import arrived

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

FULL_CARDS = 8
SMALL_CARDS = 8
_ROOM_BELOW = 3
"""Blocks kept for the buttons, the last line and why a report is dated."""
_TEXT_BELOW = 1_700


# --- before --------------------------------------------------------------------------------------


def progress(
    environment: str,
    window: Window,
    state: Progress,
    query: Act,
    *,
    now: int | None = None,
) -> Message:
    """Renders the progress, edited every three seconds. `query.report` identifies the run.

    `now` in nanoseconds, here and in the next two; defaults to the window's end.
    """
    now = window.end if now is None else now
    which = _asked(environment, window, now)
    if state.read == 0 and state.read_back_to is None:
        text = f"{which}: reading starts."
    else:
        back = state.read_back_to
        reached = f"read back to {moments.clock(back, now)} " if back is not None else ""
        entries = display.many(state.read, "entry", "entries")
        text = f"{which}: {reached}({display.percent(state.share)}), {entries}."
    if state.worst:
        text += f" Worst so far: {display.cut(display.one_line(state.worst), card.TITLE)}"
    cancel = parts.button("Cancel", query.of(buttons.CANCEL), label="Stop reading")
    return message(fallback(text), [parts.section(parts.sentence(text, 600), cancel)])


def cancelled(
    environment: str,
    window: Window,
    read: int,
    query: Act,
    *,
    by: str,
    now: int | None = None,
) -> Message:
    """Replaces the progress after a cancel. `by` is a Slack user id."""
    which = _asked(environment, window, window.end if now is None else now)
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
) -> Message:
    """Replaces the progress if nothing could be read. `sentence` is the error's own."""
    which = _asked(environment, window, window.end if now is None else now)
    why = display.cut(display.one_line(sentence), 1500)
    text = f"{which}: no report. {why}"
    if reference:
        text += f" Reference {display.one_line(reference)}."
    again = parts.button("Try again", query.of(buttons.RUN))
    return message(fallback(text), [parts.section(parts.sentence(text, 2500), again)])


# --- the report ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dated:
    """Why a report does not show what is now; the headline begins with it."""

    said: str
    """`As of 03:02, 12 min ago: Google does not answer`."""
    link: str = ""
    """The address of a newer message; empty without one."""
    below: str = ""
    """The fuller reason, in sentences."""


@dataclass(frozen=True, slots=True)
class _Layout:
    shown: list[Card]
    further: list[Card]


def report(
    report: Report,
    *,
    now: int,
    age: int | None,
    query: Act,
    more: bool,
    dated: Dated | None = None,
) -> Message:
    """Renders the finished report.

    `age`: nanoseconds since it was read, None if just now. `query.query`: the command (empty if it
    cannot be run again), `query.report`: the cache key. `more`: a thread with further cards and the
    worklog follows. `dated`: why it does not show what is now; None if it does. At most 40 blocks
    and 10,000 characters; `further` renders the other cards.
    """
    at = Setting.of(report, now, query)
    layout = _layout(report, at)
    found = [
        *_above(report, at, dated),
        *(b for each in layout.shown for b in card.blocks(each, at)),
    ]
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
    text = summary(report, now, query)
    return message(fallback(f"{dated.said}. {text}" if dated else text), found)


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
    said = " ".join(alarms(report, since=moments.since))
    if sends_nothing(report):
        return said
    live = [c for c in report.cards if not card.is_expected(c, at) and c.ended is None]
    if not live:
        return f"{said} {_nothing(report, at)}".strip()
    text = f"{said} {report.environment}: {_counts(report, at)}.".strip()
    if not report.coverage.complete:
        text += " Not everything was read."
    return f"{text} {live[0].priority.name} {live[0].cluster.title}"


def _asked(environment: str, window: Window, now: int) -> str:
    return f"{display.one_line(environment)}, {moments.window(window, now)}"


def _title(report: Report, at: Setting) -> str:
    return _asked(report.environment, report.window, report.generated or at.now)


def counted(report: Report, at: Setting) -> str:
    """Renders `3 problems, 1 new, 1 ended, 1 expected, worst P2`; the worst is an active one."""
    live = [c.priority for c in report.cards if card.is_active(c, at)]
    return _counts(report, at) + (f", worst {min(live).name}" if live else "")


def _counts(report: Report, at: Setting) -> str:
    """Renders `3 problems, 1 new, 1 ended, 1 expected`."""
    live = [c for c in report.cards if card.is_active(c, at)]
    pieces = [display.many(len(live), "problem")]
    states = (State.NEW, State.ESCALATING, State.REGRESSED)
    tally = Counter(c.cluster.state for c in live)
    pieces += [f"{number(tally[state])} {state.value}" for state in states if tally[state]]
    pieces += _resting(report, at)
    return ", ".join(pieces)


def _resting(report: Report, at: Setting) -> list[str]:
    """Renders `1 ended`, `1 expected`, `2 snoozed`, where there are any."""
    resting = [c for c in report.cards if card.is_resting(c, at)]
    expected = sum(card.is_expected(c, at) for c in resting)
    ended = sum(c.ended is not None for c in report.cards if not card.is_resting(c, at))
    counts = (ended, "ended"), (expected, "expected"), (len(resting) - expected, "snoozed")
    return [f"{number(n)} {what}" for n, what in counts if n]


def _nothing(report: Report, at: Setting) -> str:
    read = display.many(report.coverage.read, "entry", "entries")
    if resting := _resting(report, at):
        over = [c for c in report.cards if c.ended is not None and not card.is_resting(c, at)]
        if not over:
            return f"{_title(report, at)}: nothing but {' and '.join(resting)} in {read}."
        last = f"{over[0].priority.name} {over[0].cluster.title}"
        listed = ", ".join(resting)
        return f"{_title(report, at)}: nothing active, {listed} in {read}. Ended: {last}"
    may_rest = report.partial or not report.counts_requests
    if may_rest and not report.coverage.read and not report.coverage.missing:
        names = [display.cut(display.one_line(s), 60) for s in report.services[:3]]
        which = ", ".join(names) or "what the filter finds"
        text = f"{_title(report, at)}: not one entry of {which}, {arrived(report.traffic)}."
        return text + _unknown_service(report)
    level = report.min_severity.name
    above = "at all" if level == "DEFAULT" else f"at {level} or above"
    if (outside := all_outside(report, clock=moments.clock)) is not None:
        return f"{_title(report, at)}: nothing {above}; {outside}."
    if report.coverage.missing:
        return f"{_title(report, at)}: nothing {above} in the {read} that could be read."
    if report.heard is not None and not report.coverage.read:
        heard = moments.clock(report.heard, at.now)
        return f"{_title(report, at)}: nothing {above}; last entry of any level {heard}."
    return f"{_title(report, at)}: nothing {above} in {read}."


def _unknown_service(report: Report) -> str:
    """Names the services that there are, if one was asked for that is not among them."""
    asked = [name for name in report.services if name not in report.known]
    requests = report.traffic.requests if report.traffic else 0
    if not report.partial or not report.known or not asked or requests:
        return ""
    names = [display.cut(display.one_line(s), 60) for s in (asked[0], *report.known[:5])]
    known = ", ".join(names[1:]) + (" …" if len(report.known) > 5 else "")
    return f' No service "{names[0]}". Known: {known}.'


def _above(report: Report, at: Setting, dated: Dated | None = None) -> list[Block]:
    lines = list(alarms(report, since=moments.since))
    live = [c for c in report.cards if card.is_active(c, at)]
    if not sends_nothing(report):
        what = f"{_title(report, at)}: {counted(report, at)}" if live else _nothing(report, at)
        lines.append(what)
    heads = [f"*{mrkdwn(line, 600)}*" for line in lines]
    if dated is not None:
        newer = f": {link(dated.link, 'see the newer report')}" if dated.link else ""
        heads[0] = f"*{mrkdwn(dated.said, 200)}{newer}.*  {heads[0]}"
    found: list[Block] = [
        *map(parts.section, heads),
        *([parts.section(parts.plain_text(dated.below, 900))] if dated and dated.below else []),
        parts.context(parts.plain_text(_coverage(report), 600)),
    ]
    missing = _not_read(report, at)
    return [*found, parts.section(parts.sentence(missing, 900))] if missing else found


def _coverage(report: Report) -> str:
    read = report.coverage
    services = [display.cut(display.one_line(s), 60) for s in report.services[:3]]
    if len(report.services) > 3:
        services.append(f"+{len(report.services) - 3}")
    who = ", ".join(services)
    if report.revisions and len(report.services) == 1:  # of several: unclear whose
        who = f"{who} {display.revision(report.revisions[0], report.services)}".strip()
    whole = ", whole window" if read.complete else ""
    kept = f" ({number(read.kept)} from memory)" if read.kept else ""
    parted = [f"{number(read.clustered)} clustered"]
    for n, what in (
        (read.below_severity, f"below {report.min_severity.name}"),
        (read.outside_window, "outside the window"),
        (read.duplicates, "read twice"),
        (read.broken, "broken"),
    ):
        if n:
            parted.append(f"{number(n)} {what}")
    return " · ".join(
        filter(None, [who, f"read {number(read.read)}{kept}{whole}: {', '.join(parted)}"])
    )


def _not_read(report: Report, at: Setting) -> str:
    read = report.coverage
    pieces = []
    if read.missing:
        spans = [moments.span(w.start, w.end, at.now) for w in read.missing[:4]]
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
    text = f"Read {moments.clock(when, at.now)}"
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
