"""Reads log entries from JSON: lines, an array, values one behind another, an API's response.

Nothing is lost silently: what cannot be parsed is counted as broken. A truncated file gives all
entries before the cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import IO, cast

import orjson

from bot.adapters.files.paging import PAGE, pages
from bot.core.entries import otlp
from bot.core.entries.envelope import entry_of
from bot.core.entries.json_lines import of_lines
from bot.core.entries.json_rows import of_json
from bot.core.entries.rows import joined
from bot.core.model.errors import InputError
from bot.core.model.values import JSON
from bot.core.ports import Page

BLOCK = 1024 * 1024
"""Bytes per read."""
MAX_LINE = 16 * 1024 * 1024
"""Bytes of the longest line; Cloud Logging's own limit for an entry is 256 KiB."""
RESPONSE = re.compile(rb'\{\s*(?:"nextPageToken"\s*:\s*"[^"]*"\s*,\s*)?"entries"\s*:\s*\[')
"""How the answer of the API's entries.list begins."""
_DECODER = json.JSONDecoder()


def parsed(line: bytes) -> object:
    """Parses one JSON value; None if it is none. Invalid UTF-8 becomes U+FFFD."""
    try:
        return cast("object", orjson.loads(line))
    except orjson.JSONDecodeError:
        try:
            return cast("object", json.loads(line.decode("utf-8", "replace")))
        except (ValueError, RecursionError):
            return None


def read_lines(head: bytes, stream: IO[bytes], total: int) -> Iterator[Page]:
    """Reads JSON Lines. `head`: what was read of the stream; `total`: its bytes, 0 if unknown."""
    done = number = 0
    rest = head
    while True:
        block = stream.read(BLOCK)
        lines = (rest + block).split(b"\n")
        rest = lines.pop() if block and len(lines[-1]) <= MAX_LINE else b""
        for start in range(0, len(lines), PAGE):
            part = lines[start : start + PAGE]
            page = _page(part, number)
            number += len(part)
            done += sum(map(len, part)) + len(part)
            share = min(1.0, done / total) if total and block else float(not block)
            yield replace(page, share=share)
        if not block:
            return


def _page(lines: list[bytes], before: int) -> Page:
    """Parses lines; `before` is the number of lines before them. Counts broken lines."""
    rows, odd = of_lines(lines, before)
    entries: list[JSON] = []
    numbers: list[int] = []
    broken = 0
    for i in odd:
        line = lines[i]
        if (entry := entry_of(parsed(line)) if line else None) is not None:
            entries.append(entry)
            numbers.append(before + i + 1)
        else:
            broken += bool(line.strip())
    if entries:
        rows = joined([rows, of_json(entries, numbers)])
    return Page(rows, broken=broken)


def read_array(head: bytes, stream: IO[bytes], total: int) -> Iterator[Page]:  # noqa: ARG001
    """Reads the JSON array of `gcloud logging read --format=json`."""
    content = head + stream.read()
    try:
        items = orjson.loads(content)
    except orjson.JSONDecodeError:
        yield from _values(content)
        return
    if not items:
        raise InputError("The array is empty. Give it log entries, or a longer window.")
    yield from _items(items)


def _items(items: list[object]) -> Iterator[Page]:
    for start in range(0, len(items), PAGE):
        part = items[start : start + PAGE]
        entries = [(n, e) for n, item in enumerate(part, start + 1) if (e := entry_of(item))]
        yield Page(
            of_json([e for _, e in entries], [n for n, _ in entries]),
            broken=len(part) - len(entries),
            share=min(1.0, (start + PAGE) / len(items)),
        )


def read_response(head: bytes, stream: IO[bytes], total: int) -> Iterator[Page]:  # noqa: ARG001
    """Reads the answer of entries.list, or several one behind another: `{"entries": […]}`."""
    content = head + stream.read()
    try:
        items = orjson.loads(content)["entries"]
    except orjson.JSONDecodeError:
        # Cut off, or several: within the first list, its entries stand one behind another.
        opening = RESPONSE.match(content.lstrip())
        several = content.count(b'"entries"') > 1
        yield from _values(content if several or not opening else content.lstrip()[opening.end() :])
        return
    yield from _items(items)


def read_values(head: bytes, stream: IO[bytes], total: int) -> Iterator[Page]:  # noqa: ARG001
    """Reads JSON values one behind another, each over as many lines as it has."""
    yield from _values(head + stream.read())


def _values(content: bytes) -> Iterator[Page]:
    """Reads consecutive JSON values, or an array that may be truncated or pretty-printed."""
    text = content.decode("utf-8", "replace")
    yield from pages(_decoded(text))


def _decoded(text: str) -> Iterator[tuple[object, float]]:
    """Decodes values; skips what is no JSON to the next line that starts an object."""
    at = 0
    while True:
        while at < len(text) and text[at] in " \t\r\n,[]":
            at += 1
        if at >= len(text):
            return
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            value = None
            following = text.find("\n{", at + 1)
            at = following if following >= 0 else len(text)
        share = at / len(text)
        if isinstance(value, Mapping) and isinstance(value.get("entries"), list):
            for item in value["entries"]:
                yield item, share
        elif otlp.is_batch(value):
            for item in otlp.records(cast("JSON", value)):
                yield item, share
        else:
            yield value, share
