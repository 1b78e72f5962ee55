"""The daily digest, posted as a new message: an edit would not notify anyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from blocks import buttons, card, moments, parts
from blocks.buttons import Act
from blocks.card import Setting
from blocks.escape import fallback, link, mrkdwn, user
from blocks.message import MAX_BLOCKS, MAX_TEXT, Message, message, text_length
from bot.core.model.decisions import IssueLink
from bot.core.model.report import Card, Cluster
from bot.core.model.values import DAY, Priority
from bot.core.reports.alarms import alarms
from bot.core.reports.digest import (
    Digest,
    InHand,
    Kept,
    Worse,
)
from bot.core.text import display
from bot.core.text.display import number

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block

FULL_CARDS = 3
LINES = 6
ROWS = 4
"""Maximum number of rows of buttons for what is worse."""
ROOM = 12
"""Maximum number of blocks for full cards."""
SOON = 3 * DAY
"""Acknowledgements that end within this time are listed with [Extend]."""
_TITLE = 100


@dataclass(frozen=True, slots=True)
class Late:
    """A digest that was missed, since the clock was down when it was due. In nanoseconds."""

    due: int
    posted: int


def digest(digest: Digest, *, now: int, query: Act, late: Late | None = None) -> Message:
    """Renders one message for the channel; `query.query` is the command for the whole report."""
    at = Setting.of(digest.report, now, query)
    drawn = _drawn(digest, at)
    if late is None:
        return drawn
    due, posted = (moments.since(t, late.posted) for t in (late.due, late.posted))
    why = parts.context(mrkdwn(f"due at {due}, posted {posted}: the clock was down", 120))
    return replace(drawn, blocks=[drawn.blocks[0], why.to_dict(), *drawn.blocks[1:]])


def _drawn(digest: Digest, at: Setting) -> Message:
    if digest.silent:
        return _alarm(digest, at)
    if digest.quiet:
        return _quiet(digest, at)
    said = [f"*{mrkdwn(alarm, 500)}*" for alarm in alarms(digest.report, since=moments.since)]
    said.append(f"*{mrkdwn(_summary(digest, at), 600)}*")
    said += [_over(each, at, digest) for each in digest.outages[:LINES]]
    found: list[Block] = [parts.section("\n".join(said))]
    found += _cards(digest, at)
    worse = sorted(digest.worse, key=lambda w: w.after)
    found += _listed("Worse", [mrkdwn(_worse(w), 300) for w in worse])
    found += [row for w in worse[:ROWS] if (row := _worse_row(w, at))]
    found += _listed("In hand", [_in_hand(i, at) for i in digest.in_hand])
    named = {c.cluster.id for c in digest.outages}
    ended = [c for c in digest.ended if c.cluster.id not in named]
    found += _listed("Ended", [_over(each, at, digest) for each in ended])
    found += _expected(digest, at)
    found += _listed("Gone", [_gone(c, digest) for c in digest.gone])
    found += [parts.section(_snoozed(digest))] if digest.snoozed else []
    found += _below(digest, at)
    return message(fallback(sentence(digest, now=at.now)), found)


def sentence(digest: Digest, *, now: int) -> str:
    """Summarises the digest in one sentence for a lock screen, unescaped."""
    at = Setting.of(digest.report, now, Act(""))
    worse = [w.card for w in digest.worse]
    going_on = sorted((*digest.decide, *digest.new, *worse), key=lambda c: c.priority)
    named = [f"{c.priority.name} {c.cluster.title}" for c in (*digest.outages[:1], *going_on[:1])]
    said = [
        *alarms(digest.report, since=moments.since),
        f"{_summary(digest, at)}.",
        "; ".join(named),
    ]
    return " ".join(filter(None, said))


def _summary(digest: Digest, at: Setting) -> str:
    """Renders `staging since Fri 09:00: worst P1 active, P0 ended 02:31; 1 new, 1 in hand`."""
    counted = [
        f"{number(len(found))} {name}"
        for found, name in (
            (digest.decide, "needs a decision" if len(digest.decide) == 1 else "need a decision"),
            (digest.new, "new"),
            (digest.worse, "worse"),
            (digest.in_hand, "in hand"),
            (digest.ended, "ended"),
            (digest.gone, "gone"),
            (digest.same, "same"),
        )
        if found
    ]
    worst = "nothing active" if digest.worst is None else f"worst {digest.worst.name} active"
    ends = [ended.since for each in digest.outages if (ended := each.ended)]
    if ends:
        worst += f", P0 ended {moments.since(max(ends), at.now)}"
    since = moments.since(digest.since, at.now)
    name = display.one_line(digest.environment)
    return f"{name} since {since}: {'; '.join(filter(None, [worst, ', '.join(counted)]))}"


def _over(each: Card, at: Setting, digest: Digest) -> str:
    """Renders in mrkdwn: `C5 P0 No module named …, 02:10-02:31: 00613-fix served 417 …`."""
    cluster, ended = each.cluster, each.ended
    span = moments.span(each.first_seen, each.last_seen, at.now)
    how = f": {display.one_line(ended.evidence)}" if ended and ended.evidence else ""
    when = f", {span}" if span else ""
    mark = "ended: " if each in digest.outages else ""
    head = f"{cluster.name} {each.priority.name} {mark}{_title(cluster.title)}"
    return mrkdwn(f"{head}{when}{how}", 300)


def _alarm(digest: Digest, at: Setting) -> Message:
    report = digest.report
    if report.last_entry is None:
        report = replace(report, last_entry=digest.since)
    text = " ".join(alarms(report, at.now, since=moments.since))
    return message(fallback(text), [parts.section(parts.sentence(text, 600))])


def _quiet(digest: Digest, at: Setting) -> Message:
    since = moments.since(digest.since, at.now)
    parted = digest.decide, digest.same, digest.in_hand, digest.expected, digest.snoozed
    known = sum(map(len, parted))
    state = f" {number(known)} known" if known else " Nothing known"
    state += f", worst {digest.worst.name}." if digest.worst is not None else "."
    text = f"{display.one_line(digest.environment)}: nothing new since {since}.{state}"
    show = parts.button("Show", at.query.of(buttons.RUN), label="Run the report")
    found: list[Block] = [parts.section(parts.sentence(text, 600), show)]
    return message(fallback(text), [*found, *_expected(digest, at)])


def _cards(digest: Digest, at: Setting) -> list[Block]:
    """Renders what needs a decision, then what is new, as full cards while there is room."""
    found: list[Block] = []
    room, text, left = ROOM, MAX_TEXT // 2, FULL_CARDS
    for name, cards in (("Needs a decision", digest.decide), ("New", digest.new)):
        shown = 0
        for each in cards[:left]:
            drawn = card.blocks(each, at)
            room -= len(drawn)
            text -= text_length([b.to_dict() for b in drawn])
            # The first card of all is shown, whatever it takes.
            if (left < FULL_CARDS or shown) and min(room, text) < 0:
                break
            if not shown:
                found.append(parts.section(f"*{name}*"))
            found += drawn
            shown += 1
        left = left - shown if shown == len(cards) else 0
        if rest := cards[shown:]:
            names = [
                f"{card.head(c)} {display.cut(display.one_line(c.cluster.title), 60)}" for c in rest
            ]
            if not shown:
                found.append(parts.section(f"*{name}*"))
            found.append(parts.section(parts.lines(_capped(names), 900)))
    return found


def _worse(worse: Worse) -> str:
    name = worse.cluster.name
    priority = (
        f"{worse.before.name} → {worse.after.name}"
        if worse.before != worse.after
        else worse.after.name
    )
    before, now = worse.rate_before_per_day, worse.rate_now_per_day
    rates = f", {display.rate(before)} → {display.rate(now)}" if before != now else ""
    if worse.cluster.change:
        rates = f", {worse.cluster.change}"
    if worse.broken:
        rates = f", no longer matches the acknowledgement: {worse.broken}"
    return f"{name} {priority}{rates}: {_title(worse.cluster.title)}"


def _worse_row(worse: Worse, at: Setting) -> Block | None:
    decided = worse.cluster.decisions
    if decided.issue:
        return None
    return parts.actions(
        parts.button(
            f"Create issue for {worse.cluster.name}",
            at.query.of(buttons.CREATE_ISSUE, worse.cluster.id),
        ),
        parts.button("Expected…", at.query.of(buttons.EXPECTED, worse.cluster.id)),
    )


def _in_hand(each: InHand, at: Setting) -> str:
    """Renders in mrkdwn: `#12 Ana, open 3 d`, `#15 closed: expected 12, saw 0`."""
    pieces = []
    if each.issue:
        pieces.append(link(each.issue.url, f"#{each.issue.number}"))
    if each.claim:
        pieces.append(user(each.claim.by))
    what = " ".join(pieces)
    closed = each.issue is not None and each.issue.state == "closed"
    if closed and each.issue:
        what += _closed(each.issue, at)
    elif each.issue:
        days = (at.now - (each.issue.opened or each.issue.at)) // DAY
        what += f"{',' if each.claim else ''} open {f'{days} d' if days > 0 else 'under 1 d'}"
    elif each.claim:
        what += f" since {at.day(each.claim.at)}"
    if closed and each.expected is not None and round(each.expected) > 0:
        since = f" since {mrkdwn(display.revision(each.fix.revision), 40)}" if each.fix else ""
        what += f":{since} expected {number(round(each.expected))}, saw {number(each.seen)}"
        if each.fix and each.seen:
            what += ", so it did not hold. Reopen it?"
        elif each.fix:
            what += ", so it held"
    elif each.silent:
        what += f": expected {number(round(each.silent.expected))}, saw 0"
        what += " while requests arrived. Close it?"
    elif each.seen:
        what += f": saw {number(each.seen)}"
    title = mrkdwn(f"{each.name} {_title(each.title)}".strip(), 160)
    return f"{what} · {title}"


def _closed(issue: IssueLink, at: Setting) -> str:
    """Renders in mrkdwn ` closed Fri by ana`, as far as it is known."""
    when = f" {at.day(issue.closed_at)}" if issue.closed_at is not None else ""
    by = f" by {mrkdwn(display.one_line(issue.closed_by), 40)}" if issue.closed_by else ""
    return f" closed{when}{by}"


def _expected(digest: Digest, at: Setting) -> list[Block]:
    soon = [
        k
        for k in digest.expected
        if k.acknowledgement.until and k.acknowledgement.until - at.now <= SOON
    ]
    if not digest.expected:
        return []
    over = sum(kept.broken is not None for kept in digest.expected)
    text = f"*Expected*  {number(len(digest.expected) - over)} within limits"
    if over:
        text += f", {number(over)} no longer"
    if soon:
        ends = moments.day(soon[0].acknowledgement.until or at.now, at.now)
        text += f", {number(len(soon))} {'ends' if len(soon) == 1 else 'end'} {ends}"
    if soon and len({_end(k, at) for k in soon}) > 1:
        text += " or later"
    found: list[Block] = [parts.section(text)]
    listed = [*soon, *(k for k in digest.expected if k not in soon)]
    for kept in listed[:LINES]:
        found += _acknowledged(kept, at, ends=kept in soon[:2])
    if len(listed) > LINES:
        found.append(parts.context(f"and {len(listed) - LINES} more"))
    return found


def _acknowledged(kept: Kept, at: Setting, *, ends: bool) -> list[Block]:
    """Renders an acknowledgement with its hits in this window, and [Undo]."""
    acknowledgement = kept.acknowledgement
    title = f"{number(kept.seen)}× {_title(acknowledgement.title or acknowledgement.cluster)}"
    line = f"{kept.name} {title}".strip()
    if ends:
        line += f", ends {_end(kept, at)}"
    if kept.broken:
        line += f". No longer matches the acknowledgement: {kept.broken}"
    undo = card.button_undo(
        at.query, acknowledgement.cluster, buttons.UNDO_EXPECTED, kept.name or title
    )
    if not ends:
        return [parts.section(parts.plain_text(line, 300), undo)]
    extend = parts.button(
        "Extend", at.query.of(buttons.EXTEND, acknowledgement.cluster), label=f"Extend {line}"
    )
    row = parts.actions(undo)
    return [parts.section(parts.sentence(line, 300), extend), *([row] if row else [])]


def _snoozed(digest: Digest) -> str:
    """Lists snoozed cards in mrkdwn; they can be undone on the report's cards."""
    names = [card.head(c) for c in digest.snoozed[:LINES]]
    more = " …" if len(digest.snoozed) > LINES else ""
    return f"*Snoozed*  {', '.join(names)}{more}"


def _end(kept: Kept, at: Setting) -> str:
    return moments.day(kept.acknowledgement.until or at.now, at.now)


def _gone(cluster: Cluster, digest: Digest) -> str:
    """Renders a gone problem: `C9 Pool exhausted: expected 48, saw 0` (figures if known)."""
    quiet = next((q for q in digest.report.quiet if q.cluster == cluster.id), None)
    if quiet is None:
        return _named(cluster)
    return f"{_named(cluster)}: expected {number(round(quiet.expected))}, saw 0"


def _named(cluster: Cluster) -> str:
    return mrkdwn(f"{cluster.name} {_title(cluster.title)}", 160)


def _below(digest: Digest, at: Setting) -> list[Block]:
    read = digest.report.coverage
    whole = ", whole window" if read.complete else ", not the whole window"
    text = f"read {number(read.read)}{whole}"
    worst = [c for c in digest.same if c.priority <= Priority.P3]
    if worst:
        text += f" · same: {', '.join(card.head(c) for c in worst[:4])}"
    found: list[Block] = []
    notes = [display.one_line(note) for note in read.notes[:3]]
    if read.missing:
        spans = [moments.span(w.start, w.end, at.now) for w in read.missing[:4]]
        notes.insert(0, f"Not read: {', '.join(spans)}. Nothing is called gone.")
    if notes:
        found.append(parts.section(parts.sentence(f"⚠ {' '.join(notes)}", 900)))
    row = parts.actions(parts.button("Show all", at.query.of(buttons.RUN)))
    return [*found, *([row] if row else []), parts.context(parts.plain_text(text, 300))]


def _listed(name: str, lines: Sequence[str]) -> list[Block]:
    """Renders a section of mrkdwn lines under a bold name; nothing without lines."""
    if not lines:
        return []
    return [parts.section("\n".join([f"*{name}*", *_capped(lines)]))]


def _capped(lines: Sequence[str]) -> list[str]:
    shown = list(lines[:LINES])
    return [*shown, f"and {len(lines) - LINES} more"] if len(lines) > LINES else shown


def _title(text: str) -> str:
    return display.cut(display.one_line(text), _TITLE)


# Headline and why it is late, cards with two headings and the names of the rest, worse, in hand,
# ended, expected, gone, snoozed, what was read.
_WORST = (2, 2 + ROOM + 2, 1 + ROWS, 1, 1, LINES + 4, 1, 1, 3)
assert sum(_WORST) <= MAX_BLOCKS  # noqa: S101 - the worst digest fits
