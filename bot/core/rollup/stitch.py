"""Joins fragments of tracebacks to whole tracebacks.

Fragments belong together if one instance wrote them to one log at nearly the same time, starting
with an opening. The order in which they were read does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from bot.core.entries.place import Place, Raw
from bot.core.entries.traces import trace_of
from bot.core.entries.understand import Key, Kind
from bot.core.model.values import MINUTE, SECOND, Severity
from bot.core.rollup.last_lines import AT_ONCE, with_lines
from bot.core.rollup.tally import rank
from bot.core.text import tracebacks
from bot.core.text.fast_mask import masked
from bot.core.text.level_headers import header, plain
from bot.core.text.redact import redact
from bot.core.text.reports import CHAIN

NEAR = SECOND // 2
"""Nanoseconds between fragments of one traceback, at most: it is printed at once."""

_Kind = tracebacks.LineKind
_ALONE = (_Kind.MIDDLE, _Kind.ENDING, _Kind.NAME, _Kind.HEAD, _Kind.RECORD)
_GO_ENDS = ("panic: ", "fatal error: ")
_OVERHEAD = 500
"""Approximate bytes of a fragment besides its text and its packed entry."""


class Fragment(NamedTuple):
    """An entry that may be part of a traceback."""

    time: int | None
    name: bytes
    place: Place
    log: str
    severity: Severity
    key: Key
    """The key to count it under if it is not part of a traceback."""
    piece: tracebacks.Piece
    text: str
    raw: Raw
    trace: int | None = None
    """The hash of the trace that it names (`traces`), where `raw` may no longer name it."""


class Fragments:
    """A bounded collection of fragments, grouped by place, log and minute.

    Above the bound, whole groups are dropped, those with the largest hashes first. The groups that
    remain do not depend on the order in which fragments arrive.
    """

    def __init__(self, bound: int) -> None:
        """`bound`: approximate bytes."""
        self._bound = bound
        self._minutes: dict[int, list[Fragment]] = {}
        self._size = 0
        self.limit = 2**64
        """Only groups with a smaller hash are kept."""

    def put(self, fragment: Fragment) -> bool:
        """Adds a fragment; returns False if its group has been dropped."""
        minute = (fragment.time or 0) // MINUTE
        which = rank("\x1f".join((*fragment.place, fragment.log, str(minute))))
        if which >= self.limit:
            return False
        self._minutes.setdefault(which, []).append(fragment)
        self._size += _size(fragment)
        return True

    def cleared(self) -> Iterator[Fragment]:
        """Drops groups until the rest fits; yields their fragments."""
        if self._size <= self._bound:
            return
        for which in sorted(self._minutes, reverse=True):
            self.limit = which
            yield from self._drop(which)
            if self._size <= self._bound:
                return

    def merge(self, other: Fragments) -> Iterator[Fragment]:
        """Adds the fragments of another collection; yields those that are not kept."""
        self.limit = min(self.limit, other.limit)
        for which in [which for which in self._minutes if which >= self.limit]:
            yield from self._drop(which)
        for fragment in other.all():
            if not self.put(fragment):
                yield fragment

    def all(self) -> Iterator[Fragment]:
        """Yields all kept fragments."""
        for minute in self._minutes.values():
            yield from minute

    def replace(self, change: Callable[[Iterable[Fragment]], Iterable[Fragment]]) -> None:
        """Puts `change(fragments)` in place of all; it must keep their places, logs and times."""
        changed = list(change(self.all()))
        self._minutes, self._size = {}, 0
        for fragment in changed:
            self.put(fragment)

    def _drop(self, which: int) -> list[Fragment]:
        gone = self._minutes.pop(which)
        self._size -= sum(map(_size, gone))
        return gone


def _size(fragment: Fragment) -> int:
    return len(fragment.text) + len(fragment.raw.data) + _OVERHEAD


def trace_in(fragment: Fragment) -> int:
    """Returns the hash of the trace that a fragment names; `NO_TRACE` if it names none."""
    return trace_of(fragment.raw.data) if fragment.trace is None else fragment.trace


def events(pieces: Iterable[Fragment]) -> Iterator[list[Fragment]]:
    """Groups the fragments into tracebacks; yields any other fragment in a list of its own."""
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
    ended = linked = opened = False
    for fragment in stream:
        kind = fragment.piece.kind
        near = bool(event) and _near(event[-1], fragment)
        first = event[0].piece.kind if event else kind
        if kind is _Kind.LINK and near:
            joins = linked = True
            ended = False
        elif near and (_continues(event[0], fragment) or _lists(event, fragment)):
            joins, ended = True, False
        elif kind is _Kind.OPENING:
            joins, linked = near and (linked or (first is _Kind.HEAD and not opened)), False
            ended = fragment.piece.exception is not None
            opened = True
        elif kind in (_Kind.HEAD, _Kind.RECORD, _Kind.NAME):
            named = near and opened and not ended and fragment.piece.exception is not None
            ended = ended or named
            second = near and first is _Kind.RECORD and len(event) == 1
            joins = named or (second and kind is _Kind.HEAD) or _names(event, fragment)
        else:
            joins = near and _follows(event, fragment, ended=ended, opened=opened)
            ended = ended or kind is _Kind.ENDING
        if joins:
            event.append(fragment)
            continue
        if event:
            yield event
        event = [fragment]
        linked = kind is _Kind.LINK
        opened = kind in (_Kind.OPENING, _Kind.LINK)
        if kind is not _Kind.OPENING:
            ended = kind is _Kind.ENDING
    if event:
        yield event


def _follows(event: Sequence[Fragment], fragment: Fragment, *, ended: bool, opened: bool) -> bool:
    """Returns whether a frame or an exception's line belongs to the event just before it."""
    kind, first = fragment.piece.kind, event[0].piece.kind
    at_once = _near(event[-1], fragment, AT_ONCE)
    if ended and opened and kind is _Kind.MIDDLE:
        # The message of the exception has more lines: psycopg's hint, SQLAlchemy's [SQL:.
        return at_once
    # After the exception's own line only a link continues the traceback.
    if ended or (first in _UNFOLLOWED and not event[0].text.startswith(_OF_SYNTAX)):
        return False
    if first is _Kind.HEAD and kind is _Kind.ENDING and not opened:
        return at_once
    if first is _Kind.RECORD and len(event) == 1 and kind is _Kind.ENDING:
        return not tracebacks.waits_for_level(event[0].text)
    return True


_OF_SYNTAX = '  File "'
"""Python reports an error in the script itself without the line that opens a traceback."""
_UNFOLLOWED = (_Kind.MIDDLE, _Kind.ENDING, _Kind.NAME)


def _names(event: Sequence[Fragment], fragment: Fragment) -> bool:
    """Returns whether an exception's qualified name, of any class, follows a message at once."""
    if not event or event[-1].piece.kind is not _Kind.HEAD or fragment.piece.kind is not _Kind.NAME:
        return False
    qualified = "." in fragment.text.partition(":")[0]
    return qualified and _near(event[-1], fragment, AT_ONCE)


def _lists(event: Sequence[Fragment], fragment: Fragment) -> bool:
    """Returns whether a line goes on with an error that has several: causes below one of anyhow,
    the rest of the message and the trace below PHP's uncaught exceptions."""
    if fragment.piece.kind is not _Kind.MIDDLE:
        return False
    if len(event) > 1 and event[1].text.strip() == CHAIN:
        return True
    uncaught = event[0].piece.kind is _Kind.ENDING and "Fatal error:  Uncaught " in event[0].text
    return uncaught and _near(event[-1], fragment, AT_ONCE)


def _continues(first: Fragment, fragment: Fragment) -> bool:
    """Returns whether Java or Node frames follow their exception's line, or goroutines a panic."""
    text = plain(fragment.text)
    text = text[header(text).length :]
    middle = fragment.piece.kind is _Kind.MIDDLE
    if first.piece.kind is _Kind.ENDING and middle and tracebacks.is_open(first.text):
        return True
    if first.piece.kind in (_Kind.ENDING, _Kind.HEAD, _Kind.RECORD):
        goroutine = first.piece.kind is _Kind.HEAD and tracebacks.is_goroutine(text)
        return goroutine or (middle and tracebacks.continues(text))
    return first.text.startswith(_GO_ENDS) and (middle or tracebacks.is_goroutine(text))


def _near(before: Fragment, after: Fragment, limit: int = NEAR) -> bool:
    if before.time is None or after.time is None:
        return before.time is after.time
    return after.time - before.time <= limit


def exception_in(event: Sequence[Fragment]) -> int:
    """Returns the index of the line with the exception that further lines explain; else the last.

    Those lines may be fragments, if they are indented, or lines without a level.
    """
    last = len(event) - 1
    while last and event[last].piece.kind is _Kind.MIDDLE:
        last -= 1
    opened = any(fragment.piece.kind is _Kind.OPENING for fragment in event)
    return last if opened and event[last].piece.exception is not None else len(event) - 1


def traceback_of(
    event: list[Fragment],
    more: Mapping[int, Sequence[str]] = MappingProxyType({}),
    below: Sequence[str] = (),
) -> tuple[Key, Raw] | None:
    """Returns the key of the joined fragments, and an entry with their text.

    `below`: lines without a level that stand between the first fragment and the next.
    `more`: lines that came after fragments, by index: shown and searched for names, they identify
    nothing.
    Tracebacks are the same if they share the exception and the innermost own function of the root
    cause. None if they are not a traceback; they then count as the first fragment's message.
    """
    first = event[0]
    if len(event) == 1 and first.piece.kind in _ALONE and not below:
        return None
    text = "\n".join([plain(first.text), *below, *(plain(other.text) for other in event[1:])])
    length = header(text).length
    # Redact the whole before parsing: a rule may need the first line of a key to find the rest.
    words = redact(text[length:])
    piece = tracebacks.piece(words)
    where = ""
    if piece and piece.frame:
        where = redact(f"{piece.frame.module}.{piece.frame.function or ''}")
    if piece and piece.exception:
        said = f"{piece.message}: {piece.exception}" if piece.message else piece.exception
        key = Key(Kind.TRACE, masked(said), where)
    elif len(event) == 1 and not below:
        return None
    elif piece and piece.message and where:
        key = Key(Kind.TRACE, masked(piece.message), where)
    elif first.piece.kind is _Kind.RECORD:
        key = Key(Kind.MESSAGE, masked(words if length else words.replace("\n", " ")))
    else:
        return None
    if len(event) == 1 and not (more or below):
        return key, first.raw
    shown = [plain(first.text), *below, *more.get(0, ())]
    for i, other in enumerate(event[1:], start=1):
        shown += [plain(other.text), *more.get(i, ())]
    whole = with_lines(first.raw.unpack(first.raw.data), shown)
    return key, whole.as_ours() if any(fragment.raw.ours for fragment in event) else whole
