"""Reads what a program printed, as gcloud, kubectl, Docker or a shell's `>` pass it on.

A line has no envelope: what stands before its message (a time, a container) becomes one. Lines
that go on with the one before, such as a traceback's, are one entry with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from bot.adapters.files.json_values import parsed
from bot.adapters.files.line_prefix import Prefix
from bot.adapters.files.lines import lines
from bot.adapters.files.paging import PAGE
from bot.adapters.files.prefixes import prefix
from bot.core.entries.envelope import entry_of, is_envelope
from bot.core.entries.json_rows import of_json
from bot.core.model.values import JSON
from bot.core.ports import Page
from bot.core.text import access_lines, tracebacks
from bot.core.text.level_headers import header, plain
from bot.core.text.severity import UNKNOWN_STREAM

LONGEST = 256 * 1024
"""Bytes of a line that are read; Cloud Logging cuts there as well."""
MAX_LINES, MAX_TEXT = 1_000, 64 * 1024
"""Lines, and characters, of one entry."""
NOT_UTF8 = (
    "{:,} lines are not UTF-8, and \ufffd stands for what cannot be read. Convert the file first, "
    "for example with `iconv -f SHIFT_JIS -t UTF-8`."
)
SOURCES = 500
"""Containers whose last entry is kept open; with more of them all entries are closed."""
_STREAM = {"logName": UNKNOWN_STREAM}
"""What a line is taken to come from, unless something before it names the stream."""
_HEADING = re.compile(r"LEVEL +NAME +(?:EXECUTION_ID +)?TIME_UTC +LOG *|-- (?:Logs begin|Boot) .*")
"""What gcloud and journalctl write above the lines."""
_LINES = 300
"""Lines by which a text is recognised as a log."""
_WORDS = re.compile(
    r"(?i)\b(?:errors?|warn(?:ing)?s?|fatal|panic|critical|exception|failed|failure|traceback)\b"
)


def looks(head: bytes) -> bool:
    """Returns whether a text is a log: a line of it has a prefix, a level or an error."""
    first = head.decode("utf-8", "replace").splitlines()[:_LINES]
    return any(_is_logged(plain(line[:2_000])) for line in first)


def _is_logged(line: str) -> bool:
    return (
        prefix(line).length > 0
        or header(line).severity > 0
        or (tracebacks.piece(line) is not None and not line.startswith((" ", "\t")))
        or access_lines.from_text(line) is not None
        or _WORDS.search(line) is not None
        or (line.startswith("{") and entry_of(parsed(line.encode())) is not None)
    )


def read(head: bytes, stream: IO[bytes], total: int) -> Iterator[Page]:
    """Reads a program's output. `head`: what was read of the stream; `total`: its bytes, or 0."""
    return _Reader().pages(head, stream, total)


@dataclass(slots=True)
class _Record:
    """An entry, the number of its first line, and its text as far as it was read."""

    entry: dict[str, object]
    number: int
    lines: list[str] = field(default_factory=list)
    size: int = 0
    timed: bool = False
    """Whether a time stood before it, so that a line without one belongs to it."""
    partial: bool = False
    """Whether the container's runtime cut the line, so that the next goes on with it."""
    blanks: int = 0
    """Empty lines since."""

    def finished(self) -> JSON:
        if self.lines:
            self.entry["textPayload"] = "\n".join(self.lines)
        return self.entry


class _Reader:
    def __init__(self) -> None:
        self._records: list[_Record] = []
        self._open: dict[str, _Record] = {}
        """The last entry of each container."""
        self._broken = 0
        self._undecoded = 0
        self._json = False
        """Whether the program writes JSON, so that half an object is a line that was cut."""

    def pages(self, head: bytes, stream: IO[bytes], total: int) -> Iterator[Page]:
        done = 0
        for number, line in enumerate(_starts(head, stream), 1):
            done += len(line)
            self._take(line, number)
            if len(self._records) + self._broken >= PAGE + SOURCES:
                yield self._page(min(1.0, done / total) if total else 0.0)
        self._open.clear()
        yield self._page(1.0)

    def _page(self, share: float) -> Page:
        if len(self._open) >= SOURCES:
            self._open.clear()
        still = {id(record) for record in self._open.values()}
        done = [record for record in self._records if id(record) not in still]
        self._records = [record for record in self._records if id(record) in still]
        rows = of_json([r.finished() for r in done], [record.number for record in done])
        broken, self._broken = self._broken, 0
        notes: tuple[str, ...] = ()
        if share == 1.0 and self._undecoded:
            notes = (NOT_UTF8.format(self._undecoded),)
        return Page(rows, broken=broken, share=share, notes=notes)

    def _take(self, data: bytes, number: int) -> None:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
            self._undecoded += 1
        line = plain(text.rstrip("\r\n"))
        if _HEADING.fullmatch(line):
            return
        found = prefix(line)
        rest = line[found.length :] if found.strips else line
        last = self._open.get(found.source)
        if not rest.strip() and found.entry is None:
            if found.time and last is None:
                self._broken += 1
            elif last is not None:
                last.blanks += 1
            return
        if found.entry is None and rest.startswith("{") and self._take_json(rest, found, number):
            return
        if last is not None and _goes_on(last, rest, found):
            _append(last, rest, found)
            return
        entry: dict[str, object] = {**_STREAM, **found.resource, **(found.entry or {})}
        if found.time:
            entry["timestamp"] = found.time
        record = _Record(entry, number, timed=bool(found.time), partial=found.partial)
        if found.entry is None:
            record.lines, record.size = [rest], len(rest)
        self._add(record, found.source)

    def _take_json(self, rest: str, found: Prefix, number: int) -> bool:
        value = parsed(rest.encode("utf-8", "surrogatepass"))
        entry = entry_of(value)
        if entry is None:
            if value is None and not (self._json and rest.startswith('{"')):
                return False  # an object as people print it, over several lines
            self._broken += 1
            return True
        self._json = True
        made = dict(entry)
        if not is_envelope(value):
            made = {**_STREAM, **found.resource, **made}
            if found.time:
                made.setdefault("timestamp", found.time)
        self._add(_Record(made, number), found.source)
        return True

    def _add(self, record: _Record, source: str) -> None:
        self._records.append(record)
        self._open[source] = record


def _goes_on(last: _Record, rest: str, found: Prefix) -> bool:
    """Returns whether a line goes on with its container's last entry."""
    if not last.lines or found.entry is not None or found.own_header:
        return False
    if len(last.lines) >= MAX_LINES or last.size > MAX_TEXT:
        return False
    if last.partial:
        return True
    if last.timed and not found.time:
        return not header(rest).severity and access_lines.from_text(rest) is None
    piece = tracebacks.piece(rest)
    if piece is not None and piece.kind in (tracebacks.LineKind.LINK, tracebacks.LineKind.MIDDLE):
        return not last.blanks or piece.kind is tracebacks.LineKind.LINK or _is_stack(last)
    if rest[0] in " \t}":
        return not last.blanks
    before = last.lines[-1]
    if piece is not None and piece.kind is tracebacks.LineKind.OPENING:
        # Loggers print a message and its traceback at once.
        if tracebacks.is_goroutine(rest):
            return _is_stack(last)
        linked = tracebacks.piece(before)
        return (linked is not None and linked.kind is tracebacks.LineKind.LINK) or (
            not last.blanks and len(last.lines) == 1 and header(before).severity > 0
        )
    if rest.startswith("goroutine "):
        return _is_stack(last)
    # The last line of a Python traceback is the exception, whatever it is called.
    return not last.blanks and before[:1] == " " and any(map(_opens_python, last.lines))


def _opens_python(line: str) -> bool:
    return line.startswith("Traceback (most recent call last):")


def _is_stack(last: _Record) -> bool:
    return last.lines[0].startswith(("panic: ", "fatal error: ", "goroutine "))


def _append(last: _Record, rest: str, found: Prefix) -> None:
    if last.partial:
        last.lines[-1] += rest
        last.partial = found.partial
    else:
        last.lines += [""] * min(last.blanks, 1) + [rest]
    last.size += len(rest) + 1
    last.blanks = 0


def _starts(head: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    """The lines; of one that is too long only the start."""
    whole = True
    for part in lines(head, stream, LONGEST):
        if whole:
            yield part
        whole = part.endswith(b"\n")
