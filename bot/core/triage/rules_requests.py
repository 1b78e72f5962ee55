"""Triage table, part 2: requests, by status and client."""

from __future__ import annotations

from bot.core.entries.understand import Kind
from bot.core.model.values import Priority, Severity
from bot.core.text.access_lines import Client
from bot.core.triage.facts import (
    USERS,
    Case,
    Facts,
    Phrases,
)
from bot.core.triage.rule import TriageRule, always, repeated

P = Priority
WARNING = Severity.WARNING

_NO_INSTANCE = Phrases(r"no available instance|maximum instance count|instance limit")
_CUT_OFF = Phrases(r"maximum request timeout|upstream request timeout|has been terminated because")
_BROKEN = Phrases(
    r"response was malformed|connection to the instance had an error|upstream connect"
)


def _case(text: str, status: int, client: Client, **more: object) -> Case:
    severity = Severity.ERROR if status >= 500 else WARNING
    known = {"kind": Kind.REQUEST, "status": status, "client": client}
    return Case(text, severity, {**known, **more})


def _client_error(facts: Facts) -> bool:
    return facts.is_request and 400 <= facts.status < 500


REQUESTS: tuple[TriageRule, ...] = (
    TriageRule(
        "probe by a scanner",
        lambda f: f.client is Client.SCANNER and f.status < 500,
        always(P.P6),
        "a scanner probes for what is not there, and was refused",
        _case("GET /etc/passwd 403", 403, Client.SCANNER),
        _case("GET /etc/passwd 500", 500, Client.SCANNER),
        impact="None: the request was refused.",
    ),
    TriageRule(
        "request of a test",
        lambda f: f.client is Client.TEST and f.status < 500,
        always(P.P6),
        "a test's user agent asked",
        _case("GET /ws 403 (test)", 403, Client.TEST),
        _case("GET /ws 403 (browser)", 403, Client.BROWSER),
    ),
    TriageRule(
        "health check fails",
        lambda f: f.is_request and f.status >= 500 and f.health_check,
        always(P.P1),
        "the health check fails, without a start failure that explains it",
        _case("GET /health 503 (monitor)", 503, Client.MONITOR, health_check=True),
        _case("GET /report 503 (monitor)", 503, Client.MONITOR),
        impact="The platform may take the instance out of service.",
    ),
    TriageRule(
        "server error for users",
        lambda f: f.is_request and f.status >= 500 and f.client in USERS,
        always(P.P1),
        "users in a browser got a server error",
        _case("POST /api/chat 500 (browser)", 500, Client.BROWSER),
        _case("POST /api/chat 500 (service)", 500, Client.SERVICE),
        impact="Requests from browsers fail.",
    ),
    TriageRule(
        "no instance was free",
        lambda f: f.is_request and _NO_INSTANCE(f.text),
        repeated(P.P2, P.P3),
        "requests were refused because no instance was free",
        _case("GET / 429: no available instance", 429, Client.SERVICE),
        _case("GET / 429", 429, Client.SERVICE),
        cause="Likely the maximum number of instances, or instances that are slow to start.",
        next="Compare the maximum of instances and the concurrency with the load.",
    ),
    TriageRule(
        "request cut off",
        lambda f: f.is_request and _CUT_OFF(f.text),
        repeated(P.P2, P.P3),
        "requests took longer than the service allows",
        _case("GET /report 504: maximum request timeout", 504, Client.SERVICE),
        _case("GET /report 504", 504, Client.SERVICE),
        next="Look at what the same instance did in those minutes.",
    ),
    TriageRule(
        "instance broke off",
        lambda f: f.is_request and _BROKEN(f.text),
        repeated(P.P2, P.P3),
        "the connection to an instance broke while it answered",
        _case("GET /x 503: connection to the instance had an error", 503, Client.SERVICE),
        _case("GET /x 503", 503, Client.SERVICE),
        cause="Likely the instance ended while it was serving.",
    ),
    TriageRule(
        "server error",
        lambda f: f.is_request and f.status >= 500,
        repeated(P.P2, P.P3),
        "requests ended in a server error",
        _case("GET /x 500 (service)", 500, Client.SERVICE),
        _case("GET /x 422 (service)", 422, Client.SERVICE),
    ),
    TriageRule(
        "users are forbidden",
        lambda f: f.is_request and f.status == 403 and f.client in USERS,
        always(P.P1),
        "users in a browser were refused",
        _case("GET /ws 403 (browser)", 403, Client.BROWSER),
        _case("GET /ws 403 (service)", 403, Client.SERVICE),
        impact="Browsers are refused; likely some of them belong to users who should get in.",
        next="Look at the same instance's messages on tokens and sessions.",
    ),
    TriageRule(
        "users are not signed in",
        lambda f: f.is_request and f.status == 401 and f.client in USERS,
        always(P.P3),
        "users in a browser had to sign in first",
        _case("GET /me 401 (browser)", 401, Client.BROWSER),
        _case("GET /me 401 (service)", 401, Client.SERVICE),
    ),
    TriageRule(
        "own page asks for what is not there",
        lambda f: _client_error(f) and f.client is Client.OWN_PAGE,
        always(P.P3),
        "the service's own page asked for it",
        _case("POST /ws/beacon 405 (own page)", 405, Client.OWN_PAGE),
        _case("POST /ws/beacon 405 (unknown)", 405, Client.UNKNOWN),
        cause="Likely page and service do not agree on this route.",
    ),
    TriageRule(
        "throttled",
        lambda f: f.is_request and f.status == 429,
        repeated(P.P4, P.P5),
        "requests were throttled",
        _case("GET /x 429 (service)", 429, Client.SERVICE),
        _case("GET /x 400 (service)", 400, Client.SERVICE),
    ),
    TriageRule(
        "not found by strangers",
        lambda f: f.is_request and f.status in (404, 405, 410),
        always(P.P6),
        "a stranger asked for what is not there",
        _case("404 (service)", 404, Client.SERVICE),
        _case("GET /app.js 404 (own page)", 404, Client.OWN_PAGE),
    ),
    TriageRule(
        "request refused",
        _client_error,
        repeated(P.P4, P.P5),
        "requests were refused",
        _case("POST /x 422 (service)", 422, Client.SERVICE),
        _case("POST /x 204 (service)", 204, Client.SERVICE),
    ),
)
"""Rules for requests; they come after the process rules and before those that read messages."""
