"""Which logs Cloud Run writes for a service, and which the service writes itself."""

from __future__ import annotations

REQUEST_LOG = "run.googleapis.com/requests"
"""One entry per request, written by Cloud Run."""
OWN_LOGS = ("run.googleapis.com/stdout", "run.googleapis.com/stderr")
"""What a service prints. Of the logs under Google's domains these alone are the service's own."""
PLATFORM = "googleapis.com"
"""In the name of every log that the platform writes."""


def is_request_log(log: str) -> bool:
    """Returns whether an entry's `logName` is the request log's."""
    return log.endswith(REQUEST_LOG.replace("/", "%2F"))


def is_own_log(log: str) -> bool:
    """Returns whether the service itself wrote the log: what it printed, or a log of its own name.

    The platform's logs are its requests, its audit log, and what it says of instances.
    """
    name = log.replace("%2F", "/")
    return bool(log) and (PLATFORM not in name or name.endswith(OWN_LOGS))
