"""Expected behaviour is an agreement: does it hold, and what broke it.

Pure and small, so that a card, a digest and a worklog never disagree about it.
"""

from __future__ import annotations

import math
import re

from bot.garden import words
from bot.garden.model import DAY, Acknowledgement, Cluster, Window

_REVISION = re.compile(r"\A(.*)-(\d{5,})-[a-z0-9]+\Z")


def breach(
    agreed: Acknowledgement, cluster: Cluster, occurrences: int, window: Window, now: int
) -> str | None:
    """What broke the agreement, as the end of a sentence; None while it holds.

    `occurrences` are those of the card within `window`. A rate is judged over at least a day: a
    burst of four in one hour does not break "5 a day".
    """
    if agreed.until is not None and now >= agreed.until:
        return "the agreed time is over"
    newer = agreed.until_revision and next(
        (r for r in cluster.revisions if _newer(r, agreed.until_revision)), None
    )
    if newer:
        return f"revision {words.revision(newer, cluster.services)} still writes it"
    if agreed.per_day is not None:
        days = max(1.0, (window.end - window.start) / DAY)
        if occurrences / days > agreed.per_day:
            return f"agreed were {words.rate(agreed.per_day)}, now {words.rate(occurrences / days)}"
    return None


def holds(card_cluster: Cluster, occurrences: int, window: Window, now: int) -> bool:
    """Whether a person said that this is expected and nothing broke that."""
    agreed = card_cluster.decisions.expected
    return agreed is not None and breach(agreed, card_cluster, occurrences, window, now) is None


def _newer(revision: str, than: str) -> bool:
    """Whether a revision came later; one of another form or service counts if it is another."""
    here, there = _REVISION.match(revision), _REVISION.match(than)
    if here and there and here[1] == there[1]:
        return int(here[2]) > int(there[2])
    if here and there:
        return False  # of another service: its revisions say nothing about this one
    return revision != than


def suggested_rate(occurrences: int, window: Window) -> float:
    """The bound that the modal offers: twice what was seen a day, 5 at least, rounded up."""
    days = max(1.0, (window.end - window.start) / DAY)
    wanted = max(5.0, 2 * occurrences / days)
    step = 10 ** max(0, math.floor(math.log10(wanted)) - 1)
    return float(math.ceil(wanted / step) * step)
