"""Fragments of tracebacks → tracebacks.

Fragments belong together that one instance wrote into one log at nearly one time, from an opening
on; so their order on the way here does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.garden import traces
from bot.garden.entry import Entry, Key, Kind
from bot.garden.headers import header, plain
from bot.garden.mask import mask
from bot.garden.model import SECOND
from bot.garden.redact import redact
from bot.garden.tally import Place

NEAR = SECOND // 2
"""Fragments of one traceback are printed at once: a longer gap begins another."""

_ALONE = (traces.Kind.MIDDLE, traces.Kind.ENDING)
_NOTHING = traces.Piece(traces.Kind.MIDDLE)


def events(pieces: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The fragments, cut into tracebacks; one that belongs to none stands alone."""
    streams: dict[tuple[Place, str], list[Entry]] = {}
    for entry in pieces:
        streams.setdefault((entry.place, entry.log), []).append(entry)
    for stream in streams.values():
        stream.sort(key=_position)
        yield from _cut(stream)


def _position(entry: Entry) -> tuple[int, str]:
    # insertIds order the entries of one instance that share a timestamp.
    return (entry.timestamp if entry.timestamp is not None else -1), entry.name


def _cut(stream: list[Entry]) -> Iterator[list[Entry]]:
    event: list[Entry] = []
    ended = linked = False
    for entry in stream:
        piece = entry.piece or _NOTHING
        kind = piece.kind
        near = bool(event) and _near(event[-1], entry)
        if kind is traces.Kind.LINK and near:
            joins = linked = True
            ended = False
        elif kind is traces.Kind.OPENING:
            joins, linked = near and linked, False
            ended = piece.exception is not None
        else:
            # After the exception's own line only a link goes on.
            joins = near and not ended and _opens(event[0])
            ended = ended or kind is traces.Kind.ENDING
        if joins:
            event.append(entry)
            continue
        if event:
            yield event
        event = [entry]
        linked = kind is traces.Kind.LINK
        if kind is not traces.Kind.OPENING:
            ended = kind is traces.Kind.ENDING
    if event:
        yield event


def _opens(entry: Entry) -> bool:
    return entry.piece is not None and entry.piece.kind not in _ALONE


def _near(before: Entry, after: Entry) -> bool:
    if before.timestamp is None or after.timestamp is None:
        return before.timestamp is after.timestamp
    return after.timestamp - before.timestamp <= NEAR


def traceback_of(event: list[Entry]) -> Entry | None:
    """The fragments as one entry, with what the traceback says as its key.

    The last exception, and the function in which the first one began, make two tracebacks the
    same. None where a fragment alone says nothing that a traceback would: it is a message.
    """
    first = event[0]
    text = "\n".join(plain(entry.text) for entry in event) if len(event) > 1 else plain(first.text)
    piece = traces.piece(text[header(text).length :])
    if piece is None or not piece.exception or (len(event) == 1 and piece.kind in _ALONE):
        return None
    words = f"{piece.message}: {piece.exception}" if piece.message else piece.exception
    where = f"{piece.frame.module}.{piece.frame.function or ''}" if piece.frame else ""
    key = Key(Kind.TRACE, mask(redact(words)), redact(where))
    raw = first.raw
    if len(event) > 1:
        raw = {**{k: v for k, v in raw.items() if k != "jsonPayload"}, "textPayload": text}
    return replace(first, key=key, raw=raw, text=text)
