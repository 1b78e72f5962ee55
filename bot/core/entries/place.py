"""Where an entry was written, and the entry itself as it was read."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

from bot.core.model.values import JSON


class Place(NamedTuple):
    """Where an entry was written."""

    service: str
    revision: str
    instance: str
    region: str
    project: str


class Raw(NamedTuple):
    """An entry as it was read, packed; it is unpacked, and redacted, only to be shown.

    They are put in order by their bytes: the same bytes are always unpacked by the same function.
    """

    data: bytes
    unpack: Callable[[bytes], JSON]


order_of = zlib.crc32
"""The order of a name among samples, 32 bits, the same in every run and on every machine."""
