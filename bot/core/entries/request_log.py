"""The request log, to which Cloud Run writes one entry per request."""

from __future__ import annotations

REQUEST_LOG = "run.googleapis.com/requests"


def is_request_log(log: str) -> bool:
    """Returns whether an entry's `logName` is the request log's."""
    return log.endswith(REQUEST_LOG.replace("/", "%2F"))
