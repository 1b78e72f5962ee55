"""Extracts deploys and deletions of Cloud Run services from audit log entries."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from bot.core.entries.rows import NO_TIME, Rows
from bot.core.model.report import Event
from bot.core.model.values import JSON

AUDIT_LOG = "cloudaudit.googleapis.com"
_METHOD = re.compile(r"google\.cloud\.run\.v\d\w*\.Services\.(Create|Replace|Update|Delete)Service")


def events(rows: Rows) -> Iterable[Event]:
    """Yields the successful deploys and deletions; does not decode rows of other logs."""
    audited = rows.of_logs(lambda log: AUDIT_LOG in log)
    for i in np.flatnonzero(audited & (rows.times != NO_TIME)).tolist():
        event = _event(rows.json(i), rows.origin(i).place.service, int(rows.times[i]))
        if event is not None:
            yield event


def _event(raw: JSON, service: str, at: int) -> Event | None:
    payload = raw.get("protoPayload")
    if not isinstance(payload, dict):
        return None
    found = _METHOD.fullmatch(str(payload.get("methodName") or ""))
    status = payload.get("status")
    if found is None or (isinstance(status, dict) and status.get("code")):
        return None  # another method, or a failed call
    service = service or str(payload.get("resourceName") or "").rpartition("/")[2]
    if not service:
        return None
    return Event("delete" if found[1] == "Delete" else "deploy", service, at)
