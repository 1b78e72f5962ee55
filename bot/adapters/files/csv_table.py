"""Reads the CSV that Logs Explorer and BigQuery export: a column a field, a row an entry."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO

from bot.adapters.files.lines import lines
from bot.adapters.files.paging import pages
from bot.core.entries.envelope import entry_of, tidied
from bot.core.ports import Page

LONGEST = 1024 * 1024
"""Bytes of the longest row; Cloud Logging's own limit for an entry is 256 KiB."""
_SEPARATORS = ",;\t"
_KNOWN = {
    "timestamp", "receivetimestamp", "insertid", "logname", "severity", "textpayload",
    "jsonpayload", "protopayload", "httprequest", "resource", "labels", "message", "msg",
}  # fmt: skip
"""Columns, or what their names begin with, in lower case and without underscores."""
_PAYLOADS = frozenset({
    "textpayload", "jsonpayload", "protopayload", "httprequest", "message", "msg",
})  # fmt: skip
_FLAT = ("resource.labels.", "labels.")
"""The rest of such a column's name is one key, whatever dots it has."""
_NUMBERS = {"httprequest.status", "jsonpayload.level", "jsonpayload.status", "jsonpayload.line"}

csv.field_size_limit(LONGEST)


def columns(line: str) -> list[str] | None:
    """Returns the columns that a CSV's first line names; None if it is none of a log."""
    for separator in _SEPARATORS:
        names = next(csv.reader([line.strip("\r\n")], delimiter=separator), [])
        plain = [_plain(name).partition(".")[0] for name in names]
        if len(_KNOWN.intersection(plain)) >= 2 and not _PAYLOADS.isdisjoint(plain):
            return names
    return None


def read(head: bytes, stream: IO[bytes], total: int) -> Iterator[Page]:
    """Reads the rows below the first line. A row that does not fit the columns is broken."""
    yield from pages(_entries(head, stream, total))


def _plain(name: str) -> str:
    return name.strip().replace("_", "").lower()


def _entries(head: bytes, stream: IO[bytes], total: int) -> Iterator[tuple[object, float]]:
    source = _Lines(head, stream, total)
    first = source.take() or ""
    names = columns(first) or []
    separator = max(_SEPARATORS, key=first.count)
    while (line := source.take()) is not None:
        if not line.strip():
            continue
        values = _row(line, source, separator, len(names))
        yield (_entry(names, values) if values else None), source.share


def _row(line: str, source: _Lines, separator: str, width: int) -> Sequence[str] | None:
    """Parses the row that begins with the line, which may extend over several; None if broken.

    The lines after a broken row's first line are read again: a quote too many spoils one row.
    """
    more: list[str] = []
    size, quotes = len(line), line.count('"')
    while quotes % 2 and size <= LONGEST and (following := source.take()) is not None:
        more.append(following)
        size += len(following)
        quotes += following.count('"')
    try:
        rows = list(csv.reader([line, *more], delimiter=separator, strict=True))
    except csv.Error:
        rows = []
    if len(rows) == 1 and len(rows[0]) == width:
        return rows[0]
    source.give_back(more)
    return None


def _entry(names: Sequence[str], values: Sequence[str]) -> object:
    entry: dict[str, object] = {}
    for name, value in zip(names, values, strict=True):
        if value:
            _put(entry, name.strip(), value)
    if _PAYLOADS.isdisjoint(map(_plain, entry)) and (text := _text_column(names)):
        entry[text] = ""  # an empty line that the program printed
    found = entry_of(entry)
    return None if found is None else tidied(dict(found))


def _text_column(names: Sequence[str]) -> str | None:
    return next((name for name in names if _plain(name) == "textpayload"), None)


def _put(entry: dict[str, object], name: str, value: str) -> None:
    """Puts a value at the place that its column names: `resource.labels.service_name`."""
    rest = name
    at = entry
    while "." in rest:
        first, _, rest = rest.partition(".")
        inner = at.setdefault(first, {})
        if not isinstance(inner, dict):
            return
        at = inner
        if name.lower().startswith(_FLAT) and name.lower().removesuffix(rest.lower()) in _FLAT:
            break
    at[rest] = int(value) if _plain(name) in _NUMBERS and value.isdigit() else value


class _Lines:
    """The lines of a CSV as text, some of which may be given back to be read again."""

    def __init__(self, head: bytes, stream: IO[bytes], total: int) -> None:
        self._lines = lines(head, stream, LONGEST)
        self._total = total
        self._done = 0
        self._rest = b""
        self._waiting: deque[str] = deque()

    @property
    def share(self) -> float:
        return self._done / self._total if self._total else 0.0

    def take(self) -> str | None:
        if self._waiting:
            return self._waiting.popleft()
        line = next(self._lines, b"")
        self._done += len(line)
        return line.decode("utf-8", "replace") if line else None

    def give_back(self, some: Sequence[str]) -> None:
        self._waiting.extendleft(reversed(some))
