"""Decides what is read of a window that holds more than a question may read.

What matters most is read in full: ERROR and up. Then a sample of the levels below, then one of
what has no severity, in which the level may stand in the text. Google draws the sample, by a hash
of the insertId: `sample(insertId, 0.1)` is the same tenth in every page and on every reading.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.adapters.google.lanes import PAGE_SIZE
from bot.adapters.google.log_filter import within
from bot.core.entries.rows import RequestKey, Rows, text_and_severity
from bot.core.model.environment import Query
from bot.core.model.values import Severity, Window

MOST_CALLS = 50
"""Calls that one question may make. Google allows 60 a minute and project; so the answer comes
within a minute, and some are left for requests, deploys and people in the console."""
TOLERANCE = 1.2
"""By which factor the calls of a question may exceed its limit before it reads a sample: two calls
too many are better than a sample."""
EVIDENCE = 12
"""Calls after which the number of entries can be estimated; they are spread over the window."""
SMALLEST = 0.0001
"""The smallest share that is asked for."""


class Levels:
    """Counts the entries that were read by what a sample would do with them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, rows: Rows) -> None:
        """Counts rows; those whose severity their key does not tell are left out."""
        for key in rows.keys:
            if isinstance(key, bytes):
                self._counts[_level(text_and_severity(key)[1])] += 1
            elif isinstance(key, RequestKey):
                self._counts[_level(key.severity)] += 1

    def share(self, level: str) -> float:
        """Returns which share of the entries has this level."""
        return self._counts[level] / max(1, self._counts.total())


ERRORS, BELOW, NONE = "at ERROR or above", "below ERROR", "without a severity"


def _level(severity: int) -> str:
    if severity >= Severity.ERROR:
        return ERRORS
    return BELOW if severity else NONE


@dataclass(frozen=True, slots=True)
class Stratum:
    """Entries of one level, of which a share is read."""

    level: str
    restrictions: tuple[str, ...]
    share: float = 1.0

    def left_out(self, count: int) -> int:
        """Estimates how many entries were left out while `count` were read."""
        return round(count / self.share) - count

    @property
    def said(self) -> str:
        """The share, for a person: `13% of those below ERROR`."""
        part = "all" if self.share == 1.0 else f"{self.share * 100:.2g}%"
        return f"{part} {self.level}"


@dataclass(slots=True)
class SamplingPlan:
    """What is left to read of a window that is too much, level by level."""

    query: Query
    ranges: Sequence[Window]
    """What has not been read, ascending and disjoint."""
    entries: float
    """Estimated entries in it."""
    levels: Levels
    done: list[Stratum] = field(default_factory=list)
    stopped: bool = False
    """True if the further levels will not be read."""

    def next(self, calls: int) -> Stratum | None:
        """Returns what to read next with at most about this many calls; None at the end."""
        left = self._levels()[len(self.done) :]
        if not left or self.stopped:
            return None
        level, restriction = left[0]
        expected = self.entries * self.levels.share(level)
        # Every lane ends with a page that is not full. The last level takes what is left.
        capacity = PAGE_SIZE * max(1.0, 0.7 * calls / (1 if len(left) == 1 else 1.5))
        share = 1.0
        if level != ERRORS and expected > capacity:
            share = _rounded(max(SMALLEST, capacity / expected))
        restrictions = [within(self.ranges), restriction]
        if share < 1.0:
            restrictions.append(f"sample(insertId, {share:g})")
        stratum = Stratum(level, tuple(restrictions), share)
        self.done.append(stratum)
        return stratum

    def _levels(self) -> list[tuple[str, str]]:
        found = [(ERRORS, "severity>=ERROR")]
        if self.query.min_severity < Severity.ERROR:
            found.append((BELOW, "severity>=DEBUG AND severity<ERROR"))
        return [*found, (NONE, "severity=DEFAULT")]

    @property
    def hull(self) -> Window:
        """The window from the start of the first range to the end of the last."""
        return Window(self.ranges[0].start, self.ranges[-1].end)

    @property
    def complete(self) -> bool:
        """True if everything was asked for after all."""
        return not self.stopped and all(stratum.share == 1.0 for stratum in self.done)

    @property
    def note(self) -> str:
        """Says what was read, as a sentence for the report."""
        read = ", ".join(stratum.said for stratum in self.done)
        about = float(f"{self.entries:.2g}")
        return (
            f"Part of the window held too many entries for one answer (about {about:,.0f}); "
            f"read of these: {read}. A shorter window is read in full."
        )


def _rounded(share: float) -> float:
    """Rounds down to two digits, which are easy to say and to write."""
    unit = 10.0 ** (math.floor(math.log10(share)) - 1)
    return float(f"{math.floor(share / unit) * unit:.2g}")
