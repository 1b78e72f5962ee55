"""Who stands behind a message's masks: how often each user, account or mail, and when. Bounded.

A mask makes all users alike, and 32 representatives do not show that one of five hundred came five
times. So each is counted here, per message. Past the bound, those with the smallest hash stay, with
all of their counts: which ones these are depends on what there is, never on what came first.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.core.rollup.tally import rank
from bot.core.text.mask import SLOT
from bot.core.text.redact import redact
from bot.core.text.slot_values import subject_of, values

LATEST = 16
"""Times kept of each: the latest."""
BOUND = 50_000
"""Times kept in total, some 20 MB."""
LONGEST = 200
"""Characters of a value; a longer one names nobody."""
_ALL = 1 << 64


class Subjects:
    """(message, subject, value) → its latest times. Adding and merging commute."""

    __slots__ = ("_below", "_held", "_size", "bound")

    def __init__(self, bound: int = BOUND) -> None:
        self.bound = bound
        self._held: dict[str, dict[tuple[str, str], list[int]]] = {}
        self._size = 0
        self._below = _ALL
        """Only what has a smaller rank is kept."""

    def add(self, masked: str, text: str, time: int) -> None:
        """Counts who stands in a text, which reads `masked` once it is masked."""
        finder = finder_of(masked)
        if finder is None:
            return
        for who in finder.find(text):
            self._put(masked, who, [time])
        if self._size > self.bound:
            self._trim()

    def merge(self, other: Subjects) -> None:
        """Adds what was counted of other entries."""
        self._below = min(self._below, other._below)
        for masked, held in other._held.items():
            for who, times in held.items():
                self._put(masked, who, times)
        self._trim()

    def of(self, masked: str) -> Mapping[tuple[str, str], list[int]]:
        """(subject, value) → its latest times, in order."""
        return self._held.get(masked, {})

    def _put(self, masked: str, who: tuple[str, str], times: list[int]) -> None:
        held = self._held.get(masked)
        known = held.get(who) if held else None
        if held is None or known is None:
            if self._below < _ALL and _rank(masked, who) >= self._below:
                return
            self._held.setdefault(masked, {})[who] = times[-LATEST:]
            self._size += min(len(times), LATEST)
            return
        before = len(known)
        for time in times:
            insort(known, time)
        del known[:-LATEST]
        self._size += len(known) - before

    def _trim(self) -> None:
        """Half of the ranks at a time, until what is left fits."""
        shrunk = self._below < _ALL  # a merge may have lowered it
        while self._size > self.bound or shrunk:
            if self._size > self.bound:
                self._below //= 2
            shrunk = False
            for masked, held in list(self._held.items()):
                for who in [w for w in held if _rank(masked, w) >= self._below]:
                    self._size -= len(held.pop(who))
                if not held:
                    del self._held[masked]


def _rank(masked: str, who: tuple[str, str]) -> int:
    return rank("\x1f".join((masked, *who)))


@dataclass(frozen=True, slots=True)
class Finder:
    """Reads from a text who stands behind a message's masks."""

    masked: str
    first: str
    """The words before the first mask."""
    steps: tuple[tuple[str, str], ...]
    """Of each mask up to the last that hides somebody: the subject or nothing, the words after."""

    def find(self, text: str) -> Collection[tuple[str, str]]:
        """(subject, value), each once. Quick where the text has the message's own spaces."""
        at = text.find(self.first)
        if at < 0:
            return self._slowly(text)
        at += len(self.first)
        found: list[tuple[str, str]] = []
        for subject, after in self.steps:
            end = text.find(after, at) if after and not after.isspace() else len(text)
            if end < 0:
                return self._slowly(text)
            if subject and (value := _usable(text[at:end].strip())):
                found.append((subject, value))
            at = end + len(after)
        return found if len(found) < 2 else set(found)

    def _slowly(self, text: str) -> Collection[tuple[str, str]]:
        """As the entry says it, since redaction makes all mails alike; else as it is shown."""
        return set(named(values(self.masked, text) or values(self.masked, redact(text))))


@lru_cache(maxsize=32_768)
def finder_of(masked: str) -> Finder | None:
    """None where no user, account or mail stands behind any of a message's masks."""
    literals = masked.split(SLOT)
    subjects = [subject_of(before) for before in literals[:-1]]
    last = max((i for i, subject in enumerate(subjects) if subject), default=-1)
    if last < 0:
        return None
    steps = zip(subjects[: last + 1], literals[1:], strict=False)
    return Finder(masked, literals[0], tuple(steps))


def named(found: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Of (words before, value) those that name somebody, as (subject, value)."""
    for before, value in found:
        if _usable(value) and (subject := subject_of(before)):
            yield subject, value


def _usable(value: str) -> str:
    """Empty where it names nobody: what redaction took away tells nobody from another."""
    return value if len(value) <= LONGEST and not value.startswith("***") else ""
