"""The log to which Cloud Run writes one entry a request."""

from __future__ import annotations

REQUEST_LOG = "run.googleapis.com/requests"


def is_request_log(log: str) -> bool:
    """Whether this is the full name of the request log, as entries have it."""
    return log.endswith(REQUEST_LOG.replace("/", "%2F"))
