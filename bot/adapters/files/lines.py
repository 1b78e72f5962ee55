"""The lines of a stream of which the head was read already."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO


def lines(head: bytes, stream: IO[bytes], longest: int) -> Iterator[bytes]:
    """Yields lines with their ends. What is longer than `longest` bytes comes in several parts."""
    first = io.BytesIO(head)
    while part := first.readline(longest):
        if not part.endswith(b"\n") and len(part) < longest:
            part += stream.readline(longest - len(part))
        yield part
    while part := stream.readline(longest):
        yield part
