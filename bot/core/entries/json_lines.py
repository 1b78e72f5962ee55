"""Converts JSON Lines to rows, decoding only the fields that counting needs.

Payload, resource and labels stay undecoded, so equal ones are found by comparing bytes. Unusual
lines are left to `json_rows`, which accepts anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from bot.core.entries.envelope import time_of
from bot.core.entries.json_rows import SEVERITIES, keys_of, message_key
from bot.core.entries.rows import (
    LONGEST,
    NO_TIME,
    RowKey,
    Rows,
    loads,
    text_key,
)
from bot.core.entries.writers import Origin, Writers
from bot.core.model import rfc3339
from bot.core.text.mask import ZEROS
from bot.core.text.severity import on_stderr

Ints = NDArray[np.int64]
_NOTHING = msgspec.Raw()


class Line(msgspec.Struct, rename="camel", gc=False):
    """A log entry decoded from a line; `Raw` fields are left as JSON text."""

    insert_id: str | None = None
    timestamp: str | None = None
    receive_timestamp: str | None = None
    severity: str | None = None
    text_payload: str | None = None
    json_payload: msgspec.Raw = _NOTHING
    proto_payload: msgspec.Raw = _NOTHING
    http_request: msgspec.Raw = _NOTHING
    resource: msgspec.Raw = _NOTHING
    labels: msgspec.Raw = _NOTHING
    log_name: msgspec.Raw = _NOTHING


_decode = msgspec.json.Decoder(Line).decode


def of_lines(lines: Sequence[bytes], before: int) -> tuple[Rows, list[int]]:
    """Converts lines to rows; returns also the indices of the lines that were left out.

    Those are unusual or no log entries. `before`: the number of lines before these, since a
    missing insertId is replaced by the line's number.
    """
    found = _decoded(lines)
    odd = [i for i, line in enumerate(found) if line is None]
    numbers: Sequence[int] = range(before + 1, before + 1 + len(lines))
    if odd:
        numbers = [number for number, line in zip(numbers, found, strict=True) if line is not None]
        lines = [lines[number - before - 1] for number in numbers]
    return _rows(lines, [line for line in found if line is not None], numbers), odd


def _rows(lines: Sequence[bytes], found: Sequence[Line], numbers: Sequence[int]) -> Rows:
    names = [(line.insert_id or "").encode() for line in found]
    has_insert_id = np.fromiter(map(bool, names), np.bool_, len(names))
    if not has_insert_id.all():
        names = [name or b"line:%d" % number for name, number in zip(names, numbers, strict=True)]
    stamps = [line.timestamp or line.receive_timestamp or "" for line in found]
    join = b"\n".join
    writers = [join((line.resource, line.labels, line.log_name)) for line in found]
    origins, known = _WRITERS.of(writers, lines)
    return Rows(
        keys=_keys(found, lines, _from_stderr(origins, known)),
        names=names,
        has_insert_id=has_insert_id,
        times=_times(stamps),
        origins=origins,
        known=known,
        raw_entries=list(lines),
    )


_WRITERS: Writers[bytes] = Writers(loads)


def _times(stamps: list[str]) -> Ints:
    """Parses RFC 3339, or BigQuery's numbers in texts."""
    times = rfc3339.many(stamps, NO_TIME)
    for i in np.flatnonzero(times == NO_TIME).tolist():
        if stamps[i] and (known := rfc3339.parse(time_of(stamps[i]) or "")) is not None:
            times[i] = known
    return times


# --- lines ---------------------------------------------------------------------------------------


def _decoded(lines: Sequence[bytes]) -> list[Line | None]:
    if all(map(bytes.isascii, lines)):
        try:
            return [line if _has_payload(line) else None for line in map(_decode, lines)]
        except (ValueError, RecursionError):
            pass
    return list(map(_decoded_or_none, lines))


def _decoded_or_none(line: bytes) -> Line | None:
    try:
        line.decode()  # msgspec does not check that `Raw` fields are UTF-8
        found = _decode(line)
    except (ValueError, RecursionError):
        return None
    return found if _has_payload(found) else None


def _has_payload(line: Line) -> bool:
    """Returns whether the line has a payload; without one it may not come from Cloud Logging."""
    return (
        line.json_payload is not _NOTHING
        or line.text_payload is not None
        or line.http_request is not _NOTHING
        or line.proto_payload is not _NOTHING
    )


# --- keys ----------------------------------------------------------------------------------------


def _from_stderr(origins: Ints, known: Sequence[Origin]) -> list[bool]:
    flags: list[bool] = np.array([on_stderr(origin.log) for origin in known])[origins].tolist()
    return flags


def _keys(found: Sequence[Line], lines: Sequence[bytes], stderr: Sequence[bool]) -> list[RowKey]:
    keys: list[RowKey] = []
    nothing, severities, zeros = _NOTHING, SEVERITIES, ZEROS
    for line, raw, on_error in zip(found, lines, stderr, strict=True):
        text = line.text_payload
        severity = severities.get(line.severity)
        if line.http_request is not nothing or severity is None:
            keys += keys_of([loads(raw)])
        elif text is not None:
            keys.append(text_key(text.encode(), severity, on_error))
        elif severity and (payload := line.json_payload) is not nothing:
            data = bytes(payload)
            zeroed = data.translate(zeros), severity
            if b"\\u" in data:  # the digits of an escape determine its character
                keys.append(_key_of(data, severity))
                continue
            try:
                keys.append(_payload_keys[zeroed])
            except KeyError:
                if len(_payload_keys) >= _CACHE_SIZE:
                    _payload_keys.clear()
                keys.append(_payload_keys.setdefault(zeroed, _key_of(data, severity)))
        else:  # without a severity of its own: the payload may contain one
            keys += keys_of([loads(raw)])
    return keys


_payload_keys: dict[tuple[bytes, int], RowKey] = {}
"""Cache by payload, its digits as zeros, and severity."""
_CACHE_SIZE = 8_192
"""Payloads in the cache, which is emptied when it is full."""


def _key_of(payload: bytes, severity: int) -> RowKey:
    if len(payload) > LONGEST:
        return None
    try:
        return message_key(loads(payload), severity)
    except UnicodeEncodeError:  # a lone surrogate
        return None
