"""Reads log entries from JSON Lines or from the JSON array of `gcloud logging read --format=json`.

Nothing is lost silently: what cannot be parsed is counted as broken. A truncated file gives all
entries before the cut.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

import orjson

from bot.core.entries.json_lines import of_lines
from bot.core.entries.json_rows import of_json
from bot.core.entries.rows import joined
from bot.core.model.environment import Query
from bot.core.model.errors import InputError
from bot.core.model.values import JSON
from bot.core.ports import Page

PAGE = 1_000
"""Entries per page, as in Cloud Logging."""
BLOCK = 1024 * 1024
"""Bytes per read."""
MAX_LINE = 16 * 1024 * 1024
"""Bytes of the longest line; Cloud Logging's own limit for an entry is 256 KiB."""
_PAYLOADS = frozenset({"textPayload", "jsonPayload", "protoPayload", "httpRequest"})
_ENVELOPE = frozenset({
    "insertId", "timestamp", "receiveTimestamp", "logName", "resource", "severity", "labels",
})  # fmt: skip
_WORDS = ("message", "msg")
_TIMES = ("timestamp", "time", "@timestamp", "ts")
_DECODER = json.JSONDecoder()


class JsonFile:
    """A `LogSource` for a file or standard input. Does not filter."""

    def __init__(self, path: str) -> None:
        """`path`: a file, or `-` for standard input."""
        self._path = path

    def describe(self, query: Query) -> str:  # noqa: ARG002 - the port's
        """Returns the file's name, since there is no query."""
        return "standard input" if self._path == "-" else f"file {Path(self._path).name}"

    def read(self, query: Query) -> Iterator[Page]:  # noqa: ARG002 - the port's
        """Reads all entries of the file. Raises `InputError` if there is nothing to read."""
        with self._open() as stream:
            total = _size(stream)
            blank = 0
            first = stream.readline(MAX_LINE)
            while first and not first.strip(b"\xef\xbb\xbf \t\r\n"):
                first = stream.readline(MAX_LINE)
                blank += 1
            if not first:
                raise InputError(f"{self._name} is empty. Give it log entries as JSON Lines.")
            first = first.removeprefix(b"\xef\xbb\xbf")
            start = first.lstrip()[:1]
            if start == b"[":
                yield from _array(first + stream.read())
            elif start == b"{" and not _is_object(first):
                yield from _stream(first + stream.read())
            else:
                yield from _lines(b"\n" * blank + first, stream, total)

    @property
    def _name(self) -> str:
        return "Standard input" if self._path == "-" else self._path

    def _open(self) -> IO[bytes]:
        if self._path == "-":
            return sys.stdin.buffer
        try:
            stream = Path(self._path).open("rb")  # noqa: SIM115 - the caller closes it
            # Peek instead of reading: a pipe, as in `--from <(gcloud …)`, cannot seek back.
            if stream.peek(2)[:2] == b"\x1f\x8b":
                if not stream.seekable():
                    return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
                stream.close()
                return cast("IO[bytes]", gzip.open(self._path, "rb"))
        except IsADirectoryError as error:
            raise InputError(f"{self._path} is a folder. Name a file of log entries.") from error
        except FileNotFoundError as error:
            raise InputError(f"There is no file {self._path}.") from error
        except OSError as error:
            raise InputError(f"{self._path} cannot be read: {error.strerror}.") from error
        return stream


def _size(stream: IO[bytes]) -> int:
    try:
        return os.fstat(stream.fileno()).st_size
    except (OSError, AttributeError, ValueError):
        return 0


def _is_object(line: bytes) -> bool:
    return _parse(line) is not None


def _parse(line: bytes) -> JSON | None:
    """Parses a line's log entry; None if it is none. Invalid UTF-8 becomes U+FFFD."""
    try:
        value = orjson.loads(line)
        if value.__class__ is dict and not _PAYLOADS.isdisjoint(value):
            return cast("JSON", value)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return None
    return _entry(value)


def _entry(value: object) -> JSON | None:
    """Returns the value as a log entry; None if it is none.

    Converts a program's own JSON line to the entry that Cloud Logging would have made of it.
    """
    if not isinstance(value, Mapping):
        return None
    if not _PAYLOADS.isdisjoint(value):
        return value
    if any(isinstance(value.get(name), str) for name in _WORDS):
        made: dict[str, object] = {k: value[k] for k in _ENVELOPE if k in value}
        time = next((value[name] for name in _TIMES if isinstance(value.get(name), str)), None)
        return {**made, "jsonPayload": dict(value), **({"timestamp": time} if time else {})}
    return None if _ENVELOPE.isdisjoint(value) else value


def _lines(first: bytes, stream: IO[bytes], total: int) -> Iterator[Page]:
    done = number = 0
    rest = first
    while True:
        block = stream.read(BLOCK)
        lines = (rest + block).split(b"\n")
        rest = lines.pop() if block and len(lines[-1]) <= MAX_LINE else b""
        for start in range(0, len(lines), PAGE):
            part = lines[start : start + PAGE]
            page = _parsed(part, number)
            number += len(part)
            done += sum(map(len, part)) + len(part)
            share = min(1.0, done / total) if total and block else float(not block)
            yield replace(page, share=share)
        if not block:
            return


def _parsed(lines: list[bytes], before: int) -> Page:
    """Parses lines; `before` is the number of lines before them. Counts broken lines."""
    rows, odd = of_lines(lines, before)
    entries: list[JSON] = []
    numbers: list[int] = []
    broken = 0
    for i in odd:
        line = lines[i]
        if (entry := _parse(line) if line else None) is not None:
            entries.append(entry)
            numbers.append(before + i + 1)
        else:
            broken += bool(line.strip())
    if entries:
        rows = joined([rows, of_json(entries, numbers)])
    return Page(rows, broken=broken)


def _array(content: bytes) -> Iterator[Page]:
    try:
        items = orjson.loads(content)
    except orjson.JSONDecodeError:
        yield from _stream(content)
        return
    if not items:
        raise InputError("The array is empty. Give it log entries, or a longer window.")
    for start in range(0, len(items), PAGE):
        part = items[start : start + PAGE]
        entries = [(n, e) for n, item in enumerate(part, start + 1) if (e := _entry(item))]
        yield Page(
            of_json([e for _, e in entries], [n for n, _ in entries]),
            broken=len(part) - len(entries),
            share=min(1.0, (start + PAGE) / len(items)),
        )


def _stream(content: bytes) -> Iterator[Page]:
    """Reads consecutive JSON values, or an array that may be truncated or pretty-printed.

    Skips invalid JSON up to the next line that starts an object, and counts it as one broken entry.
    """
    text = content.decode("utf-8", "replace")
    at = number = broken = 0
    entries: list[JSON] = []
    numbers: list[int] = []
    while True:
        while at < len(text) and text[at] in " \t\r\n,[]":
            at += 1
        if at >= len(text):
            break
        number += 1
        try:
            value, at = _DECODER.raw_decode(text, at)
            entry = _entry(value)
        except (ValueError, RecursionError):
            entry = None
            following = text.find("\n{", at + 1)
            at = following if following >= 0 else len(text)
        if entry is None:
            broken += 1
        else:
            entries.append(entry)
            numbers.append(number)
        if len(entries) + broken >= PAGE:
            yield Page(of_json(entries, numbers), broken=broken, share=at / len(text))
            entries, numbers, broken = [], [], 0
    yield Page(of_json(entries, numbers), broken=broken, share=1.0)
