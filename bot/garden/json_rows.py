"""JSON entries as rows, column by column: half of what a line costs is asked of objects in it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast

from bot.garden import rfc3339
from bot.garden.commits import NAMES, deployed
from bot.garden.levels import own_severity
from bot.garden.model import JSON, Severity
from bot.garden.rows import (
    NO_TIME,
    PLACES,
    TRACES,
    WHERE,
    RequestKey,
    RowKey,
    Rows,
    place,
    text_key,
)
from bot.garden.tally import Place


def of_json(entries: Sequence[JSON], lines: Sequence[int], packed: Sequence[bytes] = ()) -> Rows:
    """JSON entries in columns. `line:{lines[i]}` stands for a missing insertId.

    Where they are given as bytes too, those are kept while the rows wait to be counted.
    """
    ids = _texts([raw.get("insertId") for raw in entries])
    stamps = _texts([raw.get("timestamp") or raw.get("receiveTimestamp") for raw in entries])
    where, commits = _places(entries)
    return Rows(
        keys=_keys(entries),
        names=[name or b"line:%d" % line for name, line in zip(_bytes(ids), lines, strict=True)],
        named=list(map(bool, ids)),
        times=rfc3339.many(stamps, NO_TIME),
        logs=cast("list[Hashable]", _texts([raw.get("logName") for raw in entries])),
        places=where,
        commits=commits,
        raws=list(packed or entries),
    )


def _texts(values: list[object]) -> list[str]:
    return [value if isinstance(value, str) else "" for value in values]


def _bytes(texts: list[str]) -> list[bytes]:
    try:
        return list(map(str.encode, texts))
    except UnicodeEncodeError:  # half a surrogate pair
        return [text.encode("utf-8", "surrogatepass") for text in texts]


# --- what ----------------------------------------------------------------------------------------

_SEVERITIES: dict[object, int] = {name: int(level) for name, level in Severity.__members__.items()}


def _keys(entries: Sequence[JSON]) -> list[RowKey]:
    keys: list[RowKey] = []
    for raw in entries:
        try:
            keys.append(_key(raw))
        except (TypeError, AttributeError, ValueError):
            keys.append(None)
    return keys


def _key(raw: JSON) -> RowKey:
    get = raw.get
    severity = _SEVERITIES.get(get("severity"))
    if severity is None:
        severity = int(own_severity(raw))
    if "httpRequest" in raw:
        return _request_key(raw, raw["httpRequest"], severity)
    text = get("textPayload")
    if text.__class__ is not str:
        payload = get("jsonPayload")
        if payload.__class__ is not dict or not TRACES.isdisjoint(payload):
            return None
        text = payload.get("message")
        if text.__class__ is not str:
            return None
        error = payload.get("error")
        if (
            error is not None
            and not isinstance(error, int | float)
            and (not isinstance(error, dict) or error.get("traceback") or error.get("stack"))
        ):
            return None
    return text_key(text.encode(), severity)


def _request_key(raw: JSON, http: object, severity: int) -> RequestKey | None:
    if not isinstance(http, Mapping) or "jsonPayload" in raw or "protoPayload" in raw:
        return None
    return RequestKey(
        str(http.get("requestMethod") or ""),
        str(http.get("requestUrl") or "").partition("?")[0],
        int(str(http.get("status") or 0)),
        str(http.get("userAgent") or ""),
        str(http.get("referer") or ""),
        str(raw.get("textPayload") or ""),
        severity,
    )


# --- where ---------------------------------------------------------------------------------------


def _places(entries: Sequence[JSON]) -> tuple[list[Place], dict[str, str]]:
    """Where each was written, and the commits of the revisions whose labels name one."""
    places: list[Place] = []
    commits: dict[str, str] = {}
    for raw in entries:
        labels: Any = raw.get("labels")
        try:
            resource: Any = raw["resource"]
            at = PLACES[WHERE(resource["labels"]), labels["instanceId"]]
        except (KeyError, TypeError):
            at = place(raw.get("resource"), labels)
        places.append(at)
        if labels.__class__ is dict and len(labels) > 1 and at.revision not in commits:
            _commit(commits, at.revision, raw, labels)
    return places, commits


def _commit(known: dict[str, str], revision: str, raw: JSON, labels: JSON) -> None:
    if revision and not NAMES.isdisjoint(labels):
        commit = deployed(raw)
        if commit is not None:
            known[revision] = commit
