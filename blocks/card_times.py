"""Whether a card's problem still happens, and when it did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blocks import moments
from bot.core.model.report import Card
from bot.core.model.values import MINUTE, SECOND, Priority
from bot.core.text import display
from bot.core.text.display import number
from bot.core.trends import bursts

if TYPE_CHECKING:
    from blocks.card import Setting

_CRASH = re.compile(
    r"\bexit(?:ed)?\b|crash|failed to boot|terminated|startup failed", re.IGNORECASE
)


def ended(card: Card, at: Setting) -> str:
    """Renders `Ended 03:12: 00613-fix served 417 requests without it`; empty while it goes on."""
    end = card.ended
    if end is None:
        return ""
    if not end.by and card.cluster.deleted is None:  # known from silence, which has begun then
        return f"{end.evidence[0].upper()}{end.evidence[1:]}"
    return f"Ended {moments.clock(end.since, at.now)}: {end.evidence}"


def last_seen(card: Card, at: Setting) -> str:
    """Renders `last seen 03:10, 4 min ago`; empty if unknown.

    The age is that at the time of reading, since nothing is known of later.
    """
    last = card.last_seen
    if last is None:
        return ""
    text = f"last seen {moments.clock(last, at.now)}"
    if not at.window.reaches(at.read):
        before = at.window.end - last
        return f"{text}, {display.duration(before)} before the end" if before >= MINUTE else text
    age = display.ago(max(0, at.read - last))
    if at.now - at.read < MINUTE:
        return f"{text}, {age}"
    return f"{text}, {age.removesuffix(' ago')} before it was read" if " ago" in age else text


def times(card: Card) -> str:
    """Renders `10×`, or `about 10×` if a memory bound made it an estimate."""
    about = "about " if card.cluster.estimated else ""
    return f"{about}{number(card.occurrences)}×"


def when(card: Card, at: Setting) -> str:
    """Renders how often and when: `10× ▁█ 02:10-03:10`, `16 crashes in 7 min from 03:05`."""
    cluster = card.cluster
    apart = bursts.sentence(cluster.bursts, lambda first, last: moments.span(first, last, at.now))
    if card.incident is not None:
        return _incident(card, at, apart)
    span = apart or moments.span(cluster.first_seen, cluster.last_seen, at.now)
    return " ".join(filter(None, [times(card), display.sparkline(cluster.histogram), span]))


def _incident(card: Card, at: Setting, apart: str) -> str:
    incident = card.incident
    if incident is None:
        return times(card)
    crashed = any(_CRASH.search(c.title) for c in (card.cluster, *card.symptoms))
    counted = (
        display.many(incident.occurrences, "crash", "crashes")
        if crashed and card.priority == Priority.P0
        else display.many(incident.occurrences, "time")
    )
    if incident.instances:
        counted += f" on {display.many(incident.instances, 'instance')}"
    first, last = incident.first_seen, incident.last_seen
    if apart:
        return f"{counted}, {apart}"
    if first is None or last is None:
        return counted
    if last - first >= SECOND:
        counted += f" in {display.duration(last - first)}"
    return f"{counted} from {moments.clock(first, at.now)}"
