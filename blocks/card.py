"""One card, for an incident or a lone cluster, as in a report, a thread or a digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks import buttons, card_buttons, card_times, moments, parts
from blocks.buttons import Act
from blocks.escape import mrkdwn, user
from bot.core.expected.acknowledgement import asleep, breach
from bot.core.model.decisions import Acknowledgement, IssueLink, Override, Snooze
from bot.core.model.report import Card, Cluster, Report
from bot.core.model.values import Location, Priority, State, Window
from bot.core.source import module_names
from bot.core.text import display
from bot.core.text.lost_negation import turned

if TYPE_CHECKING:
    from slack_sdk.models.blocks import Block, ButtonElement

TITLE = 150
"""A title keeps at least the first 100 characters of the message's own words."""
LINE = 80
SYMPTOM = 28


@dataclass(frozen=True, slots=True)
class Setting:
    """The surroundings that a card depends on."""

    window: Window
    now: int
    """Nanoseconds; decides which day is today and which acknowledgements hold."""
    query: Act
    services: tuple[str, ...] = ()
    read: int = 0
    """When the log was read, in nanoseconds."""

    @classmethod
    def of(cls, report: Report, now: int, query: Act) -> Setting:
        """Returns the setting of a report."""
        return cls(report.window, now, query, report.services, report.generated or now)

    def day(self, ns: int) -> str:
        """Renders `today`, `Wed`, `13 Sep`."""
        return moments.day(ns, self.now)


def mark(priority: Priority) -> str:
    """Returns a coloured dot, always shown beside the priority's name, never instead of it."""
    if priority <= Priority.P1:
        return "🔴"
    if priority == Priority.P2:
        return "🟠"
    return "🟡" if priority <= Priority.P5 else "⚪"


def mark_of(card: Card) -> str:
    """Returns the dot of a card: white for what has ended."""
    return mark(Priority.P9 if card.ended else card.priority)


def is_expected(card: Card, at: Setting) -> bool:
    """True if it is acknowledged and the acknowledgement holds."""
    acknowledgement = card.cluster.decisions.expected
    return acknowledgement is not None and _broken(card, at) is None


def is_small(card: Card, at: Setting) -> bool:
    """True if one section with a button suffices: P6 to P9, expected or snoozed.

    A broken acknowledgement is always shown in full.
    """
    if is_resting(card, at):
        return True
    return card.priority >= Priority.P6 and card.cluster.decisions.expected is None


def is_snoozed(card: Card, at: Setting) -> bool:
    """True while a snooze lasts."""
    return asleep(card.cluster.decisions.snooze, card.cluster, at.now)


def is_resting(card: Card, at: Setting) -> bool:
    """True if expected or snoozed: not a problem for now."""
    return is_expected(card, at) or is_snoozed(card, at)


def is_active(card: Card, at: Setting) -> bool:
    """True if it is a problem for now: neither ended, expected nor snoozed."""
    return card.ended is None and not is_resting(card, at)


def blocks(card: Card, at: Setting) -> list[Block]:
    """Renders the card in the appropriate size."""
    return _small(card, at) if is_small(card, at) else _full(card, at)


def head(card: Card, *extra: str) -> str:
    """Renders `C1 · P2 · new`."""
    return " · ".join([card.cluster.name, card.priority.name, *filter(None, extra)])


def place(location: Location | None) -> str:
    """Renders `websocket_ssot:1619`, `index.js:19`: only the last part fits on a phone."""
    return module_names.short(location) if location else ""


def times(card: Card) -> str:
    """Renders `10×`, or `about 10×` if a memory bound made it an estimate."""
    return card_times.times(card)


# --- full ----------------------------------------------------------------------------------------


def _full(card: Card, at: Setting) -> list[Block]:
    cluster = card.cluster
    text = parts.titled(
        mark_of(card),
        head(card, cluster.state.value, "ended" if card.ended else ""),
        cluster.title,
        TITLE,
        after=_arrows(card, at),
    )
    found: list[Block] = [
        parts.section(text, card_buttons.menu(card, at)),
        parts.context(parts.sentence(_figures(card, at), 300), _decided(card, at)),
    ]
    line = display.template(cluster.template)
    title = display.one_line(cluster.title)
    if card.incident is None and line not in ("", title) and not turned(line):
        found.append(parts.preformatted(line, LINE))
    row = parts.actions(
        *card_buttons.issue_buttons(card, at),
        card_buttons.expected_button(card, at),
        card_buttons.unclaim(card, at),
    )
    return [*found, *([row] if row else []), *_undoable(card, at)]


def _arrows(card: Card, at: Setting) -> list[str]:
    cluster = card.cluster
    broken = _broken(card, at)
    known = [
        f"→ {display.cut(display.one_line(text), 160)}"
        for text in (
            card_times.ended(card, at),
            _over_time(cluster, at),
            *cluster.notes,
            cluster.cause,
            cluster.impact,
            cluster.next,
        )
        if text and text.strip()
    ]
    return [f"→ No longer matches the acknowledgement: {broken}", *known] if broken else known


def _over_time(cluster: Cluster, at: Setting) -> str | None:
    """Renders `Escalating: 12 a day → 340 in the last hour`."""
    if cluster.deleted is not None:
        when = moments.clock(cluster.deleted, at.now)
        return f"The service was deleted at {when}; no issue is needed"
    if cluster.change is None:
        return None
    named = cluster.state in (State.ESCALATING, State.REGRESSED)
    return f"{cluster.state.value.capitalize() if named else 'Rising'}: {cluster.change}"


def _figures(card: Card, at: Setting) -> str:
    pieces = [card_times.when(card, at)]
    if card.ended is None:
        pieces.append(card_times.last_seen(card, at))
    if card.incident is None:
        pieces.append(place(card.cluster.location))
    elif card.symptoms:
        names = [display.cut(display.one_line(s.title), SYMPTOM) for s in card.symptoms[:3]]
        more = " …" if len(card.symptoms) > 3 else ""
        pieces.append(f"{display.many(len(card.symptoms), 'symptom')}: {', '.join(names)}{more}")
    return " · ".join(filter(None, pieces))


def _decided(card: Card, at: Setting) -> str:
    decided = card.cluster.decisions
    pieces = []
    if decided.claim:
        pieces.append(f"{user(decided.claim.by)} is on it since {at.day(decided.claim.at)}")
    if decided.issue and decided.issue.changed:
        pieces.append(on_github(decided.issue))
    if decided.pending:
        pieces.append(f"{user(decided.pending.by)} files it; waiting for GitHub to confirm")
    return " · ".join(pieces)


def on_github(issue: IssueLink) -> str:
    """Renders what people changed on the issue, in mrkdwn: `#12 Its title · P1, bug · locked`."""
    known = [f"#{issue.number} {display.cut(display.one_line(issue.title), 80)}"]
    if issue.labels:
        known.append(", ".join(display.one_line(label) for label in issue.labels[:6]))
    if issue.moved_from:
        known.append(f"moved from {issue.moved_from} to {issue.repository}")
    if issue.locked:
        known.append("locked")
    return mrkdwn(" · ".join(known), 300)


def snoozed_text(snooze: Snooze, *, now: int) -> str:
    """Renders `Snoozed by Ana on Fri until 20 Sep`, in mrkdwn."""
    end = "until a newer revision writes it"
    if snooze.until is not None:
        end = f"until {moments.since(snooze.until, now)}"
    return f"Snoozed by {user(snooze.by)} on {moments.date(snooze.at, now)} {end}"


def override_text(override: Override, *, now: int) -> str:
    """Renders `P1 set by Ana on 13 Sep, was P2`, in mrkdwn."""
    day = moments.date(override.at, now)
    return f"{override.priority.name} set by {user(override.by)} on {day}, was {override.was.name}"


def _undoable(card: Card, at: Setting) -> list[Block]:
    """Lists a broken acknowledgement, snooze and manual priority: who, when and [Undo]."""
    cluster, decided = card.cluster, card.cluster.decisions
    found = []
    if decided.expected and not is_expected(card, at):
        found.append((f"Expected: {acknowledgement_line(cluster, at)}", buttons.UNDO_EXPECTED))
    if decided.snooze and is_snoozed(card, at):
        text = snoozed_text(decided.snooze, now=at.now)
        found.append((text, buttons.UNDO_SNOOZE))
    if decided.override:
        text = override_text(decided.override, now=at.now)
        found.append((text, buttons.UNDO_PRIORITY))
    return [
        parts.section(text, button_undo(at.query, cluster.id, what, cluster.name))
        for text, what in found
    ]


# --- small ---------------------------------------------------------------------------------------


def _small(card: Card, at: Setting) -> list[Block]:
    cluster = card.cluster
    acknowledgement = cluster.decisions.expected
    if acknowledgement and is_expected(card, at):
        text = parts.titled(mark(Priority.P9), head(card, "expected"), _counted(card), TITLE + 20)
        return [
            parts.section(
                text, button_undo(at.query, cluster.id, buttons.UNDO_EXPECTED, cluster.name)
            ),
            parts.context(acknowledgement_line(card.cluster, at)),
            *_undoable(card, at),
        ]
    if is_snoozed(card, at):
        text = parts.titled(mark(Priority.P9), head(card, "snoozed"), _counted(card), TITLE + 20)
        return [parts.section(text, card_buttons.one_button(card, at)), *_undoable(card, at)]
    state = "" if cluster.state is State.RECURRING else cluster.state.value
    still = card_times.ended(card, at) or card_times.last_seen(card, at)
    text = parts.titled(
        mark_of(card),
        head(card, state, "ended" if card.ended else ""),
        _counted(card),
        TITLE + 20,
        after=[
            *(line for line in _arrows(card, at) if line.startswith("→ No longer")),
            *([f"→ {still[0].upper()}{still[1:]}"] if still else []),
        ],
    )
    found: list[Block] = [parts.section(text, card_buttons.one_button(card, at))]
    decided = _decided(card, at)
    found += [parts.context(decided)] if decided else []
    if (row := parts.actions(card_buttons.unclaim(card, at))) is not None:
        found.append(row)
    return [*found, *_undoable(card, at)]


def _counted(card: Card) -> str:
    return f"{display.cut(display.one_line(card.cluster.title), TITLE)}, {times(card)}"


def acknowledgement_line(cluster: Cluster, at: Setting) -> str:
    """Renders a cluster's acknowledgement in mrkdwn; empty without one."""
    acknowledgement = cluster.decisions.expected
    if acknowledgement is None:
        return ""
    return acknowledgement_text(acknowledgement, now=at.now)


def acknowledgement_text(acknowledgement: Acknowledgement, *, now: int) -> str:
    """Renders `Ana, 13 Sep, until 20 Sep, up to 5 a day: sign-ups in staging`, in mrkdwn."""
    if acknowledgement.until is not None:
        end = f"until {moments.date(acknowledgement.until, now)}"
    elif acknowledgement.until_revision:
        end = f"until a revision after {display.revision(acknowledgement.until_revision)}"
    else:
        end = "forever"
    bound = (
        f", up to {display.rate(acknowledgement.per_day)}"
        if acknowledgement.per_day is not None
        else ""
    )
    day = moments.date(acknowledgement.at, now)
    reason = mrkdwn(acknowledgement.reason, 200)
    return f"{user(acknowledgement.by)}, {day}, {mrkdwn(end, 80)}{bound}: {reason}"


def button_undo(query: Act, cluster: str, what: str, name: str) -> ButtonElement:
    """Returns an [Undo] button for a decision about a cluster; `what` is one of the UNDO_ words."""
    return parts.button(
        "Undo", query.of(buttons.UNDO, cluster, what), label=f"Undo: {name} as {what}"
    )


def _broken(card: Card, at: Setting) -> str | None:
    acknowledgement = card.cluster.decisions.expected
    if acknowledgement is None:
        return None
    return breach(acknowledgement, card.cluster, card.occurrences, at.window, at.now)
