"""Recognises health checks by their route and by who asks, not by a word in a path."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.core.text.access_lines import Client
from bot.core.triage.facts import USERS

PLATFORM = re.compile(
    r"googlehc|google-cloud-health|kube-probe|elb-healthchecker|cloudrun|consul health check"
    r"|haproxy|envoy/hc|docker-healthcheck",
    re.IGNORECASE,
)
"""User agents of what decides whether an instance gets requests."""

_PREFIX = r"^(?:/(?:api|v\d{1,2}|internal|management|system|monitoring|actuator|q|_ah|_|-))*"
_PARTS = r"(?:/(?:live|ready|liveness|readiness|startup|started|db|database|full|check))?/?$"
_SURE = re.compile(
    _PREFIX + r"/_?(?:health|healthz|healthy|healthcheck|health[-_]check|livez|readyz|liveness"
    r"|readiness|heartbeat|lbheartbeat)" + _PARTS,
    re.IGNORECASE,
)
_MAYBE = re.compile(_PREFIX + r"/_?(?:status|live|alive|ready|ping|up|hc)/?$", re.IGNORECASE)
_LAST = re.compile(r"/_?(?:health|healthz|healthcheck|livez|readyz|ready|live|ping|status)/?$")


def is_health_check(
    method: str, route: str, client: Client | None, agents: Iterable[str] = ()
) -> bool:
    """True if a request is a health check.

    A platform's own prober makes any route one. A monitor does so on a route that ends like one;
    anybody but a person on a route that is nothing else.
    """
    if method not in ("GET", "HEAD", "OPTIONS") or client in USERS:
        return False
    agents = list(agents)
    if agents and all(PLATFORM.search(agent) for agent in agents):
        return True
    if client is Client.MONITOR and _LAST.search(route):
        return True
    unnamed = client in (Client.MONITOR, Client.UNKNOWN)
    return bool(_SURE.match(route)) or (unnamed and bool(_MAYBE.match(route)))
