"""Counts the subjects (users, accounts, mail addresses) behind a message's masks. Bounded.

A mask makes all users alike, and 32 samples do not show that one of five hundred users occurred
five times. So each subject is counted per message. Above the bound, the subjects with the smallest
hash are kept with all their times, so the result does not depend on the order of entries.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
_HASH = "\x1f"


class Subjects:
    """(message, subject, value) → its latest times. Adding and merging commute."""

    __slots__ = ("_held", "_hide", "_size", "bound", "limit")

    def __init__(self, bound: int = BOUND, hide: Callable[[str], str] | None = None) -> None:
        """`hide`: hashes a value with a key; values that redaction changes are then `hidden`."""
        self.bound = bound
        self._hide = hide
        self._held: dict[str, dict[tuple[str, str], list[int]]] = {}
        self._size = 0
        self.limit = _ALL
        """Only subjects with a smaller rank are kept."""

    def add(self, masked: str, text: str, time: int) -> None:
        """Counts the subjects in `text`, whose masked form is `masked`."""
        finder = finder_of(masked)
        if finder is None:
            return
        for subject, value in finder.find(text):
            held = value if self._hide is None else hidden(value, self._hide)
            self.put(masked, (subject, held), [time])
        if self._size > self.bound:
            self._trim()

    def merge(self, other: Subjects) -> None:
        """Adds the counts of disjoint entries."""
        self.limit = min(self.limit, other.limit)
        for masked, held in other._held.items():
            for who, times in held.items():
                self.put(masked, who, times)
        self._trim()

    def items(self) -> Iterator[tuple[str, tuple[str, str], Sequence[int]]]:
        """Yields (message, (subject, value), its latest times)."""
        for masked, held in self._held.items():
            for who, times in held.items():
                yield masked, who, times

    def of(self, masked: str) -> Mapping[tuple[str, str], list[int]]:
        """Returns (subject, value) → its latest times, ascending."""
        return self._held.get(masked, {})

    def put(self, masked: str, who: tuple[str, str], times: Sequence[int]) -> None:
        """Counts a subject of a message at these times, which ascend."""
        held = self._held.get(masked)
        known = held.get(who) if held else None
        if held is None or known is None:
            if self.limit < _ALL and _rank(masked, who) >= self.limit:
                return
            self._held.setdefault(masked, {})[who] = list(times[-LATEST:])
            self._size += min(len(times), LATEST)
            return
        before = len(known)
        for time in times:
            insort(known, time)
        del known[:-LATEST]
        self._size += len(known) - before

    def _trim(self) -> None:
        """Halves the range of ranks until the rest fits."""
        shrunk = self.limit < _ALL  # a merge may have lowered it
        while self._size > self.bound or shrunk:
            if self._size > self.bound:
                self.limit //= 2
            shrunk = False
            for masked, held in list(self._held.items()):
                for who in [w for w in held if _rank(masked, w) >= self.limit]:
                    self._size -= len(held.pop(who))
                if not held:
                    del self._held[masked]


def hidden(value: str, hide: Callable[[str], str]) -> str:
    """Returns the value, or if redaction changes it the redacted one with a keyed hash."""
    shown = redact(value)
    return value if shown == value else f"{shown}{_HASH}{hide(value)}"


def shown_and_hash(value: str) -> tuple[str, str]:
    """Splits a value into what may be shown and its keyed hash; empty if it is not `hidden`."""
    shown, _, hashed = value.partition(_HASH)
    return shown, hashed


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
