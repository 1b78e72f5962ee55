"""`/gardener diff`: compares two revisions, for the person who asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blocks import buttons, moments, parts
from blocks.buttons import Act
from blocks.escape import fallback, mrkdwn
from blocks.message import Message, message
from bot.core.model.report import Report
from bot.core.model.values import DAY, HOUR, SECOND
from bot.core.reports.revision_diff import Change, Comparison, Side
from bot.core.text import display

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block, ButtonElement

LISTED = 8
_TITLE = 100


def comparison(found: Comparison, report: Report, *, now: int, query: Act) -> Message:
    """Renders the comparison. `query.query`: the command that shows the report behind it."""
    text = _summary(found, report)
    shown: list[Block] = [parts.section(f"*{mrkdwn(text, 300)}*", _whole(query))]
    shown.append(parts.context(parts.sentence(" · ".join(_read(found, report, now)), 600)))
    shown += _listed("New", [_line(c, _times(c.after, found, found.b)) for c in found.new])
    changed = [_line(c, _rates(c, found)) for c in found.changed]
    shown += _listed("Rate changed", changed)
    shown += _listed("Gone", [_line(c, _times(c.before, found, found.a)) for c in found.gone])
    if notes := _notes(found, report):
        shown.append(parts.context(parts.plain_text(" ".join(notes), 600)))
    return message(fallback(f"{text}."), shown)


def _summary(found: Comparison, report: Report) -> str:
    counted = [
        f"{display.number(len(these))} {name}"
        for these, name in (
            (found.new, "new"),
            (found.changed, "changed"),
            (found.gone, "gone"),
        )
        if these
    ]
    what = ", ".join(counted) or "no difference"
    return f"{display.one_line(report.environment)}, {found.a.short} → {found.b.short}: {what}"


def _whole(query: Act) -> ButtonElement | None:
    if not query.query:
        return None
    act = Act(buttons.RUN, query.environment, query=query.query, channel=query.channel)
    return parts.button("Show all", act, label=f"Run /gardener {query.query}")


def _read(found: Comparison, report: Report, now: int) -> list[str]:
    sides = [f"{side.short}: {_exposed(found, side)}" for side in (found.a, found.b)]
    return [*sides, moments.window(report.window, now)]


def _exposed(found: Comparison, side: Side) -> str:
    if not found.unknown_traffic:
        return display.many(side.requests or 0, "request")
    return f"seen for {display.duration(side.seconds * SECOND)}" if side.seconds else "no entries"


def _listed(name: str, lines: Sequence[tuple[str, str]]) -> list[Block]:
    if not lines:
        return []
    shown = [text for pair in lines[:LISTED] for text in pair]
    if len(lines) > LISTED:
        shown.append(f"and {display.number(len(lines) - LISTED)} more")
    return [parts.section(f"*{name}*"), parts.section(parts.lines(shown))]


def _line(change: Change, figure: str) -> tuple[str, str]:
    cluster = change.cluster
    title = display.cut(display.one_line(cluster.title), _TITLE)
    more = [figure]
    if change.symptoms:
        more.append(f"+{display.many(change.symptoms, 'symptom')}")
    if not change.sure:
        more.append("may be chance")
    return f"{cluster.name} · {cluster.priority.name} · {title}", " · ".join(more)


def _times(count: int, found: Comparison, side: Side) -> str:
    if found.unknown_traffic:
        return f"{display.number(count)}×"
    return f"{display.number(count)} in {display.many(side.requests or 0, 'request')}"


def _rates(change: Change, found: Comparison) -> str:
    before, after = found.exposure(found.a), found.exposure(found.b)
    unit, per = 1_000, "in 1,000 requests"
    if found.unknown_traffic:
        often = min(change.before / before, change.after / after) * HOUR // SECOND >= 1
        unit, per = (HOUR // SECOND, "an hour") if often else (DAY // SECOND, "a day")
    rates = [
        _figure(count * unit / of) for count, of in ((change.before, before), (change.after, after))
    ]
    return f"{rates[0]} → {rates[1]} {per}"


def _figure(rate: float) -> str:
    return display.number(round(rate)) if rate >= 10 else f"{rate:.2g}"


def _notes(found: Comparison, report: Report) -> list[str]:
    notes = []
    if found.unknown_traffic:
        notes.append("Requests are not known of both: compared by the time each was seen.")
    if found.same:
        both = display.many(found.same, "problem")
        notes.append(f"{both} in both, at a rate that chance explains.")
    if found.unclear:
        notes.append(
            f"{display.many(found.unclear, 'problem')} could not be told apart by revision."
        )
    if not report.coverage.complete:
        notes.append("Not all of the time could be read.")
    return notes
