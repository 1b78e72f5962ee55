"""Fragments of tracebacks → tracebacks.

Fragments belong together that one instance wrote into one log at nearly one time, from an opening
on; so their order on the way here does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bot.core.entries.place import Place, Raw
from bot.core.entries.rows import packed
from bot.core.entries.understand import Key, Kind
from bot.core.model.values import MINUTE, SECOND, Severity
from bot.core.rollup.tally import rank
from bot.core.text import tracebacks
from bot.core.text.fast_mask import masked
from bot.core.text.level_headers import header, plain
from bot.core.text.redact import redact

NEAR = SECOND // 2
"""Fragments of one traceback are printed at once: a longer gap begins another."""

_ALONE = (tracebacks.LineKind.MIDDLE, tracebacks.LineKind.ENDING)
_GO_ENDS = ("panic: ", "fatal error: ")
_OVERHEAD = 500
"""Bytes that a fragment takes beside its text and its packed entry, about."""


class Fragment(NamedTuple):
    """An entry that may be a part of a traceback."""

    time: int | None
    name: bytes
    place: Place
    log: str
    severity: Severity
    key: Key
    """What it says if it is no part of one."""
    piece: tracebacks.Piece
    text: str
    raw: Raw


class Fragments:
    """Fragments within a bound, by the place, log and minute in which they were written.

    Where there are more, the minutes with the smallest hash are kept whole: however the fragments
    come, those are the longest row of minutes, in the order of their hashes, that fits.
    """

    def __init__(self, bound: int) -> None:
        """At most so many bytes, about."""
        self._bound = bound
        self._minutes: dict[int, list[Fragment]] = {}
        self._size = 0
        self._limit = 2**64

    def put(self, fragment: Fragment) -> bool:
        """Keeps a fragment; False where it is one of those that cannot be kept."""
        minute = (fragment.time or 0) // MINUTE
        which = rank("\x1f".join((*fragment.place, fragment.log, str(minute))))
        if which >= self._limit:
            return False
        self._minutes.setdefault(which, []).append(fragment)
        self._size += _size(fragment)
        return True

    def cleared(self) -> Iterator[Fragment]:
        """Clears away what is too much, and gives it."""
        if self._size <= self._bound:
            return
        for which in sorted(self._minutes, reverse=True):
            self._limit = which
            yield from self._drop(which)
            if self._size <= self._bound:
                return

    def merge(self, other: Fragments) -> Iterator[Fragment]:
        """Takes those of another one; gives those that cannot be kept."""
        self._limit = min(self._limit, other._limit)
        for which in [which for which in self._minutes if which >= self._limit]:
            yield from self._drop(which)
        for fragment in other.all():
            if not self.put(fragment):
                yield fragment

    def all(self) -> Iterator[Fragment]:
        """Those that are kept."""
        for minute in self._minutes.values():
            yield from minute

    def _drop(self, which: int) -> list[Fragment]:
        gone = self._minutes.pop(which)
        self._size -= sum(map(_size, gone))
        return gone


def _size(fragment: Fragment) -> int:
    return len(fragment.text) + len(fragment.raw.data) + _OVERHEAD


def events(pieces: Iterable[Fragment]) -> Iterator[list[Fragment]]:
    """The fragments, cut into tracebacks; one that belongs to none stands alone."""
    streams: dict[tuple[Place, str], list[Fragment]] = {}
    for fragment in pieces:
        streams.setdefault((fragment.place, fragment.log), []).append(fragment)
    for stream in streams.values():
        stream.sort(key=_position)
        yield from _cut(stream)


def _position(fragment: Fragment) -> tuple[int, bytes, bytes]:
    # insertIds order the entries of one instance that share a timestamp.
    return (fragment.time if fragment.time is not None else -1), fragment.name, fragment.raw.data


def _cut(stream: list[Fragment]) -> Iterator[list[Fragment]]:
    event: list[Fragment] = []
    ended = linked = False
    for fragment in stream:
        kind = fragment.piece.kind
        near = bool(event) and _near(event[-1], fragment)
        if kind is tracebacks.LineKind.LINK and near:
            joins = linked = True
            ended = False
        elif near and _follows(event[0], fragment):
            joins, ended = True, False
        elif kind is tracebacks.LineKind.OPENING:
            joins, linked = near and linked, False
            ended = fragment.piece.exception is not None
        else:
            # After the exception's own line only a link goes on.
            joins = near and not ended and event[0].piece.kind not in _ALONE
            ended = ended or kind is tracebacks.LineKind.ENDING
        if joins:
            event.append(fragment)
            continue
        if event:
            yield event
        event = [fragment]
        linked = kind is tracebacks.LineKind.LINK
        if kind is not tracebacks.LineKind.OPENING:
            ended = kind is tracebacks.LineKind.ENDING
    if event:
        yield event


def _follows(first: Fragment, fragment: Fragment) -> bool:
    """Frames of Java or Node after the exception's line; goroutines after a panic."""
    text = plain(fragment.text)
    if first.piece.kind is tracebacks.LineKind.ENDING:
        return fragment.piece.kind is tracebacks.LineKind.MIDDLE and tracebacks.continues(text)
    return first.text.startswith(_GO_ENDS) and (
        fragment.piece.kind is tracebacks.LineKind.MIDDLE or tracebacks.is_goroutine(text)
    )


def _near(before: Fragment, after: Fragment) -> bool:
    if before.time is None or after.time is None:
        return before.time is after.time
    return after.time - before.time <= NEAR


def traceback_of(event: list[Fragment]) -> tuple[Key, Raw] | None:
    """What the fragments say together, and an entry that says it.

    The last exception, and the function in which the first one began, make two tracebacks the
    same. None where a fragment alone says nothing that a traceback would: it is a message.
    """
    first = event[0]
    if len(event) == 1 and first.piece.kind in _ALONE:
        return None
    text = "\n".join(plain(fragment.text) for fragment in event)
    # Redacted before it is taken apart: a key's first line may be all that tells the others.
    piece = tracebacks.piece(redact(text[header(text).length :]))
    if piece is None or not piece.exception:
        return None
    words = f"{piece.message}: {piece.exception}" if piece.message else piece.exception
    where = f"{piece.frame.module}.{piece.frame.function or ''}" if piece.frame else ""
    key = Key(Kind.TRACE, masked(words), redact(where))
    if len(event) == 1:
        return key, first.raw
    entry = first.raw.unpack(first.raw.data)
    rest = {name: part for name, part in entry.items() if name != "jsonPayload"}
    return key, packed({**rest, "textPayload": text})
