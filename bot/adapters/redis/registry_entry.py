"""A cluster's entry in the registry, and its migration to a better mask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.clusters.grouping import rewords
from bot.core.ports import Candidate
from bot.core.text.mask import SLOT, covers, without_glyph


@dataclass(frozen=True, slots=True)
class Entry:
    """A cluster's entry in the registry."""

    name: str
    template: str
    masked: tuple[str, ...] = ()
    mask: int = 0
    """The version of the masks that made `masked`."""
    keyed: str = ""
    """Identifies the secret that keys the hashes of `masked`."""
    first_seen: int | None = None
    last_seen: int | None = None
    place: str = ""
    """For a traceback: the innermost own function. Each of `masked` ends in ` in PLACE`."""
    exact: bool = False
    """Whether it never takes variants."""
    joined: int = 0
    """How many variants joined after it was first seen."""


@dataclass(frozen=True, slots=True)
class Masks:
    """The functions that mask and compare messages; `current()` returns the product's own."""

    version: int
    mask: Callable[[str], str]
    joins: Callable[[str, str], bool]

    @classmethod
    def current(cls) -> Masks:
        """Returns the functions of `bot.core`."""
        from bot.core.clusters import grouping
        from bot.core.text import mask

        return cls(mask.MASK_VERSION, mask.mask, grouping.joins)


def is_variant(candidate: Candidate, of: Entry, masks: Masks) -> bool:
    """Checks whether new messages belong to a known cluster."""
    if candidate.exact or of.exact or candidate.place != of.place:
        return False
    return any(
        masks.joins(of.template, message) or (bool(of.place) and rewords(of.template, message))
        for message in candidate.bare
    )


def remasked(message: str, entry: Entry, masks: Masks) -> str:
    """Masks a message anew; a traceback's place was never masked."""
    bare = message.removesuffix(f" in {entry.place}") if entry.place else message
    return masks.mask(without_glyph(bare)) + message[len(bare) :]


def recover(
    entries_: dict[str, Entry], outdated: Sequence[str], known: dict[str, str], here: Sequence[str]
) -> None:
    """Finds the new form of messages that cannot be masked anew from their old form.

    The old mask may have removed a value by which the new one recognises a longer one: from
    `Fri Jun <*>` it cannot see the date. So unknown messages of this run are compared with the
    entries of an older mask that this run has not seen, in their order; an entry takes each that
    covers one of its own messages.
    """
    seen = {message for id_ in outdated for message in entries_[id_].masked}.intersection(here)
    waiting: dict[str, list[str]] = {}
    for message in here:
        if message not in known:
            waiting.setdefault(_first_word(message), []).append(message)
    for id_ in outdated if waiting else ():
        entry = entries_[id_]
        became = {m: _covering(m, entry, waiting) for m in entry.masked if m not in seen}
        if entry.exact or not any(became.values()):
            continue
        masked = tuple(dict.fromkeys(became.get(m) or m for m in entry.masked))
        entries_[id_] = replace(entry, masked=masked)
        for message in masked:
            known.setdefault(message, id_)


def _first_word(message: str) -> str:
    """Returns the first word; empty if the message begins with a value."""
    word = message.partition(" ")[0]
    return "" if SLOT in word else word


def _covering(message: str, entry: Entry, waiting: Mapping[str, Sequence[str]]) -> str | None:
    place = f" in {entry.place}" if entry.place else ""
    bare = message.removesuffix(place)
    found = (
        new
        for word in {"", _first_word(bare)}
        for new in waiting.get(word, ())
        if new.endswith(place) and covers(new.removesuffix(place), bare)
    )
    # Prefers the message with the most literal text: it is the closest match.
    return min(found, key=lambda new: (-len(new.replace(SLOT, "")), new), default=None)
