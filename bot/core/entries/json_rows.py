"""Converts JSON entries to rows. Accepts any content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bot.core.entries.json_message import message_only
from bot.core.entries.rows import (
    LONGEST,
    NO_TIME,
    RequestKey,
    RowKey,
    Rows,
    text_key,
)
from bot.core.entries.writers import numbered, origin
from bot.core.model import rfc3339
from bot.core.model.values import JSON, Severity
from bot.core.text.severity import on_stderr, own_severity


def of_json(entries: Sequence[JSON], lines: Sequence[int]) -> Rows:
    """Converts JSON entries to rows. `line:{lines[i]}` replaces a missing insertId."""
    ids = _texts([raw.get("insertId") for raw in entries])
    stamps = _texts([raw.get("timestamp") or raw.get("receiveTimestamp") for raw in entries])
    origins, known = numbered(list(map(origin, entries)))
    return Rows(
        keys=keys_of(entries),
        names=[name or b"line:%d" % line for name, line in zip(_bytes(ids), lines, strict=True)],
        has_insert_id=np.fromiter(map(bool, ids), np.bool_, len(ids)),
        times=rfc3339.many(stamps, NO_TIME),
        origins=origins,
        known=known,
        raw_entries=list(entries),
    )


def _texts(values: list[object]) -> list[str]:
    return [value if isinstance(value, str) else "" for value in values]


def _bytes(texts: list[str]) -> list[bytes]:
    try:
        return list(map(str.encode, texts))
    except UnicodeEncodeError:  # a lone surrogate
        return [text.encode("utf-8", "surrogatepass") for text in texts]


# --- keys ----------------------------------------------------------------------------------------

SEVERITIES: dict[object, int] = {
    **{name: int(level) for name, level in Severity.__members__.items()},
    None: int(Severity.DEFAULT),
}


def keys_of(entries: Sequence[JSON]) -> list[RowKey]:
    """Returns the key of each entry."""
    keys: list[RowKey] = []
    for raw in entries:
        try:
            keys.append(_key(raw))
        except (TypeError, AttributeError, ValueError):
            keys.append(None)
    return keys


def _key(raw: JSON) -> RowKey:
    get = raw.get
    # Without a severity, or with `DEFAULT`, the payload may contain one.
    severity = SEVERITIES.get(get("severity")) or int(own_severity(raw))
    if "httpRequest" in raw:
        return _request_key(raw, raw["httpRequest"], severity)
    text = get("textPayload")
    stderr = not severity and on_stderr(get("logName"))
    if text.__class__ is str:
        return text_key(text.encode(), severity, stderr)
    return message_key(get("jsonPayload"), severity, stderr)


def message_key(payload: object, severity: int, stderr: bool = False) -> RowKey:
    """Returns a payload's key; None if fields other than its message affect its meaning."""
    if payload.__class__ is not dict:
        return None
    text = payload.get("message")
    if text.__class__ is not str or not message_only(payload):
        return None
    return text_key(text.encode(), severity, stderr)


def _request_key(raw: JSON, http: object, severity: int) -> RequestKey | None:
    if not isinstance(http, Mapping) or "jsonPayload" in raw or "protoPayload" in raw:
        return None
    key = RequestKey(
        str(http.get("requestMethod") or ""),
        str(http.get("requestUrl") or "").partition("?")[0],
        int(str(http.get("status") or 0)),
        str(http.get("userAgent") or ""),
        str(http.get("referer") or ""),
        str(raw.get("textPayload") or ""),
        severity,
    )
    return key if sum(map(len, (key.url, key.agent, key.referer, key.text))) <= LONGEST else None
