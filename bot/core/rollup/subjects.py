"""Counts the subjects (users, accounts, mail addresses) behind a message's masks. Bounded.

A mask makes all users alike, and 32 samples do not show that one of five hundred users occurred
five times. So each subject is counted per message. Above the bound, the subjects with the smallest
hash are kept with all their times, so the result does not depend on the order of entries.
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
"""Latest times kept per subject."""
BOUND = 50_000
"""Times kept in total, about 20 MB."""
LONGEST = 200
"""Characters of a subject's value; a longer value is not an identifier."""
_ALL = 1 << 64


class Subjects:
    """(message, subject, value) → its latest times. Adding and merging commute."""

    __slots__ = ("_held", "_rank_limit", "_size", "bound")

    def __init__(self, bound: int = BOUND) -> None:
        self.bound = bound
        self._held: dict[str, dict[tuple[str, str], list[int]]] = {}
        self._size = 0
        self._rank_limit = _ALL
        """Only subjects with a smaller rank are kept."""

    def add(self, masked: str, text: str, time: int) -> None:
        """Counts the subjects in `text`, whose masked form is `masked`."""
        finder = finder_of(masked)
        if finder is None:
            return
        for who in finder.find(text):
            self._put(masked, who, [time])
        if self._size > self.bound:
            self._trim()

    def merge(self, other: Subjects) -> None:
        """Adds the counts of disjoint entries."""
        self._rank_limit = min(self._rank_limit, other._rank_limit)
        for masked, held in other._held.items():
            for who, times in held.items():
                self._put(masked, who, times)
        self._trim()

    def of(self, masked: str) -> Mapping[tuple[str, str], list[int]]:
        """Returns (subject, value) → its latest times, ascending."""
        return self._held.get(masked, {})

    def _put(self, masked: str, who: tuple[str, str], times: list[int]) -> None:
        held = self._held.get(masked)
        known = held.get(who) if held else None
        if held is None or known is None:
            if self._rank_limit < _ALL and _rank(masked, who) >= self._rank_limit:
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
        """Halves the range of ranks until the rest fits."""
        shrunk = self._rank_limit < _ALL  # a merge may have lowered it
        while self._size > self.bound or shrunk:
            if self._size > self.bound:
                self._rank_limit //= 2
            shrunk = False
            for masked, held in list(self._held.items()):
                for who in [w for w in held if _rank(masked, w) >= self._rank_limit]:
                    self._size -= len(held.pop(who))
                if not held:
                    del self._held[masked]


def _rank(masked: str, who: tuple[str, str]) -> int:
    return rank("\x1f".join((masked, *who)))


@dataclass(frozen=True, slots=True)
class Finder:
    """Extracts the subjects behind one message's masks from texts."""

    masked: str
    first: str
    """The literal before the first mask."""
    steps: tuple[tuple[str, str], ...]
    """(subject or empty, literal after) per mask, up to the last one that hides a subject."""

    def find(self, text: str) -> Collection[tuple[str, str]]:
        """Returns distinct (subject, value). Fast if the text has the same spaces as `masked`."""
        at = text.find(self.first)
        if at < 0:
            return self._find_slowly(text)
        at += len(self.first)
        found: list[tuple[str, str]] = []
        for subject, after in self.steps:
            end = text.find(after, at) if after and not after.isspace() else len(text)
            if end < 0:
                return self._find_slowly(text)
            if subject and (value := _identifying(text[at:end].strip())):
                found.append((subject, value))
            at = end + len(after)
        return found if len(found) < 2 else set(found)

    def _find_slowly(self, text: str) -> Collection[tuple[str, str]]:
        """Matches the original text, else the redacted one, which hides mail addresses."""
        return set(subjects_in(values(self.masked, text) or values(self.masked, redact(text))))


@lru_cache(maxsize=32_768)
def finder_of(masked: str) -> Finder | None:
    """Returns the finder for a masked message; None if none of its masks hides a subject."""
    literals = masked.split(SLOT)
    subjects = [subject_of(before) for before in literals[:-1]]
    last = max((i for i, subject in enumerate(subjects) if subject), default=-1)
    if last < 0:
        return None
    steps = zip(subjects[: last + 1], literals[1:], strict=False)
    return Finder(masked, literals[0], tuple(steps))


def subjects_in(found: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yields (subject, value) for those pairs of (text before, value) that name a subject."""
    for before, value in found:
        if _identifying(value) and (subject := subject_of(before)):
            yield subject, value


def _identifying(value: str) -> str:
    """Returns the value, or empty if it is too long or redacted and so identifies nobody."""
    return value if len(value) <= LONGEST and not value.startswith("***") else ""
