"""The place that wrote an entry, and the packed entry itself."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

from bot.core.model.values import JSON


class Place(NamedTuple):
    """The Cloud Run instance that wrote an entry."""

    service: str
    revision: str
    instance: str
    region: str
    project: str


class Raw(NamedTuple):
    """An entry as it was read, packed. It is unpacked and redacted only to be shown.

    Comparable by its bytes: equal bytes always come with the same `unpack`.
    """

    data: bytes
    unpack: Callable[[bytes], JSON]


order_of = zlib.crc32
"""32-bit sort order of an insertId among samples; the same in every run and on every machine."""
