"""Redacts a Rollup, so that it may be stored: its entries are raw until they are shown.

Tallies hold samples, fragments hold the text of tracebacks, and the last lines hold whole entries.
Everything else in a Rollup is masked, hashed or counted from the start; `Subjects` hides values as
they are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from bot.core.entries.place import Raw
from bot.core.entries.rows import loads, serialized
from bot.core.entries.understand import message, swallows
from bot.core.rollup.last_lines import LastLine, with_lines
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.stitch import Fragment, events, trace_in
from bot.core.rollup.tally import Counted, Edge, Tally
from bot.core.text.fast_mask import masked
from bot.core.text.redact import redact, redact_json
from bot.core.text.tracebacks import Piece


def redact_all(rollup: Rollup) -> None:
    """Redacts every entry in the Rollup, in place; doing it twice changes nothing more.

    The Rollup must own its tallies, as one does that was filled, merged or decoded.
    """
    for held in (rollup.counted, rollup.rest):
        for key, counted in held.items():
            held[key] = _redacted(counted)  # type: ignore[assignment]
    rollup.last_lines.replace(_line)
    rollup.fragments.replace(_fragments)


def clean(raw: Raw) -> Raw:
    """Redacts one entry; it is JSON from then on."""
    entry = raw.unpack(raw.data)
    found = redact_json(entry, cut=False)
    made = Raw(serialized(found), loads)
    new = isinstance(found, dict) and swallows(message(found)) and not swallows(message(entry))
    return made.as_ours() if new or raw.ours else made


def _redacted(counted: Counted) -> Counted:
    if not isinstance(counted, Tally):
        return counted._replace(raw=clean(counted.raw))
    done: dict[Raw, Raw] = {}

    def once(raw: Raw) -> Raw:
        if raw not in done:
            done[raw] = clean(raw)
        return done[raw]

    counted.samples = [sample._replace(raw=once(sample.raw)) for sample in counted.samples]
    counted.first_entry = _edge(counted.first_entry, once)
    counted.last_entry = _edge(counted.last_entry, once)
    return counted


def _edge(edge: Edge | None, once: Callable[[Raw], Raw]) -> Edge | None:
    return None if edge is None else edge._replace(raw=once(edge.raw))


def _line(line: LastLine) -> LastLine:
    return line._replace(raw=clean(line.raw))


def _fragments(fragments: Iterable[Fragment]) -> Iterator[Fragment]:
    """Redacts each fragment with those that it will be joined with, which may hold its secret."""
    for event in events(fragments):
        alone = [redact(fragment.text) for fragment in event]
        together = _redacted_together([fragment.text for fragment in event])
        for fragment, text, by_itself in zip(event, together, alone, strict=True):
            raw, key = clean(fragment.raw), fragment.key
            if text != by_itself:
                raw = with_lines(raw.unpack(raw.data), [text]).as_ours()
                key = key._replace(masked=masked(text))
            kind, exception = fragment.piece.kind, fragment.piece.exception
            yield fragment._replace(
                text=text,
                raw=raw,
                key=key,
                trace=trace_in(fragment),
                # Stitching reads the whole text again; of a piece it asks no more than this.
                piece=Piece(kind, None if exception is None else ""),
            )


def _redacted_together(texts: Sequence[str]) -> list[str]:
    """Redacts the texts as one, a line each or several; a secret of many lines leaves its first."""
    before = "\n".join(texts).split("\n")
    after = redact("\n".join(before)).split("\n")
    owners = [i for i, text in enumerate(texts) for _ in text.split("\n")]
    if len(after) == len(before):
        return _by_owner(owners, after, len(texts))
    shorter = min(len(before), len(after))
    head = next((i for i in range(shorter) if before[i] != after[i]), shorter - 1)
    tail = 0
    while tail < shorter - head - 1 and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    changed = len(after) - head - tail
    of_lines = [
        *owners[:head],
        *[owners[head]] * changed,
        *owners[len(owners) - tail :],
    ]
    return _by_owner(of_lines, after, len(texts))


def _by_owner(owners: Sequence[int], lines: Sequence[str], count: int) -> list[str]:
    found: list[list[str]] = [[] for _ in range(count)]
    for owner, line in zip(owners, lines, strict=True):
        found[owner].append(line)
    return ["\n".join(each) for each in found]
