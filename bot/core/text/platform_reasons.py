"""Why the platform itself failed a request, as its entry in the request log gives it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Failing(Enum):
    """What the platform failed at."""

    NO_INSTANCE = "no instance was free"
    CUT_OFF = "the request took too long"
    BROKEN = "the connection to the instance broke"


class Reason(NamedTuple):
    """One reason."""

    says: str
    """Lower case, matched at any place of the text; a regular expression."""
    failing: Failing
    example: str
    counter: str
    source: str


REASONS: tuple[Reason, ...] = (
    Reason(
        r"no available instance|aborted after waiting too long",
        Failing.NO_INSTANCE,
        "The request was aborted because there was no available instance.",
        "1 available instance",
        "Cloud Run",
    ),
    Reason(
        r"maximum (?:instance count|number of instances)|instance limit",
        Failing.NO_INSTANCE,
        "the maximum instance count was reached",
        "maximum concurrency was reached",
        "Cloud Run, App Engine",
    ),
    Reason(
        r"failed_to_pick_backend",
        Failing.NO_INSTANCE,
        "statusDetails: failed_to_pick_backend",
        "backend picked",
        "the load balancer",
    ),
    Reason(
        r"maximum request timeout|request deadline was exceeded",
        Failing.CUT_OFF,
        "The request has been terminated because it has reached the maximum request timeout.",
        "request timeout is 300 s",
        "Cloud Run",
    ),
    Reason(
        r"has been terminated because",
        Failing.CUT_OFF,
        "The request has been terminated because it took too long",
        "the subscription has been terminated by the user",
        "Cloud Run",
    ),
    Reason(
        r"upstream request timeout|backend_timeout",
        Failing.CUT_OFF,
        "upstream request timeout",
        "upstream request finished",
        "Envoy, the load balancer",
    ),
    Reason(
        r"response was malformed",
        Failing.BROKEN,
        "The request failed because either the HTTP response was malformed or connection to the"
        " instance had an error.",
        "the request was malformed",
        "Cloud Run",
    ),
    Reason(
        r"connection to the instance had an error",
        Failing.BROKEN,
        "connection to the instance had an error",
        "the instance had an error",
        "Cloud Run",
    ),
    Reason(
        r"upstream connect|backend_connection_closed|failed_to_connect_to_backend",
        Failing.BROKEN,
        "upstream connect error or disconnect/reset before headers",
        "connected to upstream",
        "Envoy, the load balancer",
    ),
)
"""In order: the first that matches is the reason of a request."""


def pattern(failing: Failing) -> str:
    """Returns the alternatives by which the platform reports this failing."""
    return "|".join(reason.says for reason in REASONS if reason.failing is failing)
