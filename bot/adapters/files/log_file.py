"""Reads log entries from a file or standard input, in any format of `formats.FORMATS`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bot.adapters.files.formats import HEAD, format_of
from bot.adapters.files.json_values import MAX_LINE, read_lines
from bot.adapters.files.packing import Opened
from bot.core.model.environment import Query
from bot.core.model.errors import InputError
from bot.core.ports import Page

_BOM = b"\xef\xbb\xbf"
_BLANK = b"\xef\xbb\xbf \t\r\n"


class LogFile:
    """A `LogSource` for a file or standard input. Does not filter."""

    def __init__(self, path: str) -> None:
        """`path`: a file, or `-` for standard input."""
        self._path = path

    def describe(self, query: Query) -> str:  # noqa: ARG002 - the port's
        """Returns the file's name, since there is no query."""
        return "standard input" if self._path == "-" else f"file {Path(self._path).name}"

    def read(self, query: Query) -> Iterator[Page]:  # noqa: ARG002 - the port's
        """Reads all entries of the file. Raises `InputError` if there is nothing to read."""
        opened = Opened(self._path, self._name)
        try:
            yield from self._pages(opened.stream)
            if opened.notes:
                yield Page(notes=tuple(opened.notes), share=1.0)
        finally:
            opened.close()

    def _pages(self, stream: IO[bytes]) -> Iterator[Page]:
        total = _size(stream)
        head = b""
        lines = 0
        while not head.strip(_BLANK):
            lines += head.count(b"\n")
            head = stream.read(HEAD)
            if not head:
                raise InputError(f"{self._name} is empty. Give it log entries, or a longer window.")
        head = head.removeprefix(_BOM)
        if not head.endswith(b"\n"):
            head += stream.readline(MAX_LINE)
        start = len(head) - len(head.lstrip())
        form = format_of(head[start:], self._name)
        # Entries without an insertId are named by their line, so blank ones count.
        before = b"\n" * (lines + head.count(b"\n", 0, start))
        read = form.read if form else read_lines
        yield from read(before + head[start:], stream, total)

    @property
    def _name(self) -> str:
        return "Standard input" if self._path == "-" else self._path


def _size(stream: IO[bytes]) -> int:
    try:
        return os.fstat(stream.fileno()).st_size
    except (OSError, AttributeError, ValueError):
        return 0
