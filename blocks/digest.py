"""The daily digest, posted as a new message: an edit would not notify anyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from blocks import buttons, card, moments, parts, report
from blocks.buttons import Act
from blocks.card import Setting
from blocks.escape import fallback, link, mrkdwn, user
from blocks.message import MAX_BLOCKS, MAX_TEXT, Message, message, text_length
from bot.core.model.report import Cluster
from bot.core.model.values import DAY, Priority, State
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
ROOM = 15
"""Maximum number of blocks for full cards."""
SOON = 3 * DAY
"""Acknowledgements that end within this time are listed with [Extend]."""
_TITLE = 100


def digest(digest: Digest, *, now: int, query: Act) -> Message:
    """Renders one message for the channel; `query.query` is the command for the whole report."""
    at = Setting.of(digest.report, now, query)
    if digest.silent:
        return _alarm(digest, at)
    if digest.quiet:
        return _quiet(digest, at)
    found: list[Block] = [parts.section(f"*{mrkdwn(_summary(digest, at), 600)}*")]
    found += _new(digest, at)
    found += _listed("Worse", [mrkdwn(_worse(w), 300) for w in digest.worse])
    found += [row for w in digest.worse[:LINES] if (row := _worse_row(w, at))]
    found += _listed("In hand", [_in_hand(i, at) for i in digest.in_hand])
    found += _expected(digest, at)
    found += _listed("Gone", [_gone(c, digest) for c in digest.gone])
    found += [parts.section(_snoozed(digest))] if digest.snoozed else []
    found += _below(digest, at)
    return message(fallback(sentence(digest, now=now)), found)


def sentence(digest: Digest, *, now: int) -> str:
    """Summarises the digest in one sentence for a lock screen, unescaped."""
    at = Setting.of(digest.report, now, Act(""))
    text = _summary(digest, at)
    first = digest.new[0] if digest.new else digest.worse[0].card if digest.worse else None
    return f"{text}. {first.priority.name} {first.cluster.title}" if first else f"{text}."


def _summary(digest: Digest, at: Setting) -> str:
    counted = [
        f"{number(len(found))} {name}"
        for found, name in (
            (digest.new, "new"),
            (digest.worse, "worse"),
            (digest.in_hand, "in hand"),
            (digest.gone, "gone"),
            (digest.same, "same"),
        )
        if found
    ]
    since = moments.since(digest.since, at.now)
    name = display.one_line(digest.environment)
    return f"{name} since {since}: {', '.join(counted) or 'nothing to tell'}"


def _alarm(digest: Digest, at: Setting) -> Message:
    last = digest.report.last_entry
    return report.silent(
        digest.environment,
        digest.since if last is None else last,
        digest.report.traffic,
        now=at.now,
    )


def _quiet(digest: Digest, at: Setting) -> Message:
    since = moments.since(digest.since, at.now)
    known = len(digest.same) + len(digest.in_hand) + len(digest.expected) + len(digest.snoozed)
    worst = [c.priority for c in digest.report.cards if not card.is_resting(c, at)]
    state = f" {number(known)} known" if known else " Nothing known"
    state += f", worst {min(worst).name}." if known and worst else "."
    text = f"{display.one_line(digest.environment)}: nothing new since {since}.{state}"
    show = parts.button("Show", at.query.of(buttons.RUN), label="Run the report")
    found: list[Block] = [parts.section(parts.sentence(text, 600), show)]
    return message(fallback(text), [*found, *_expected(digest, at)])


def _new(digest: Digest, at: Setting) -> list[Block]:
    if not digest.new:
        return []
    found: list[Block] = [parts.section("*New*")]
    room, text, shown = ROOM, MAX_TEXT // 2, 0
    for each in digest.new[:FULL_CARDS]:
        # New since the last digest, even if somebody already looked at it in between.
        drawn = card.blocks(replace(each, cluster=replace(each.cluster, state=State.NEW)), at)
        room -= len(drawn)
        text -= text_length([b.to_dict() for b in drawn])
        if shown and min(room, text) < 0:
            break
        found += drawn
        shown += 1
    rest = digest.new[shown:]
    if rest:
        names = [
            f"{card.head(c)} {display.cut(display.one_line(c.cluster.title), 60)}" for c in rest
        ]
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
    if closed:
        what += " closed"
    elif each.issue:
        days = (at.now - each.issue.at) // DAY
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


_WORST = (1, 1, ROOM, 1, LINES, 1, LINES + 4, 1, 1, 3)
assert sum(_WORST) <= MAX_BLOCKS  # noqa: S101 - the worst digest fits
