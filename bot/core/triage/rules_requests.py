"""Triage table, part 2: requests, by status and client."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.core.entries.understand import Kind
from bot.core.model.values import Priority, Severity
from bot.core.text.access_lines import Client
from bot.core.text.platform_reasons import Failing, pattern
from bot.core.triage.facts import (
    USERS,
    Case,
    Facts,
    Phrases,
)
from bot.core.triage.rule import TriageRule, always, repeated

P = Priority
WARNING = Severity.WARNING

_NO_INSTANCE = Phrases(pattern(Failing.NO_INSTANCE))
_ABORTED = Phrases(r"request was aborted because there was no available instance")
_CUT_OFF = Phrases(pattern(Failing.CUT_OFF))
_BROKEN = Phrases(pattern(Failing.BROKEN))


def _case(text: str, status: int, client: Client, **more: object) -> Case:
    severity = Severity.ERROR if status >= 500 else WARNING
    known = {"kind": Kind.REQUEST, "status": status, "client": client}
    return Case(text, severity, {**known, **more})


def _client_error(facts: Facts) -> bool:
    return facts.is_request and 400 <= facts.status < 500


_NOT_FOUND = Phrases(
    r"not found|no (?:matching )?route|no static resource|no such (?:file|page)|routingerror"
    r"|cannot get /"
)
_UNASKED = re.compile(
    r"/(?:favicon(?:[-\w.<>*]*)\.(?:ico|png|svg)|robots\.txt|apple-touch-icon[-\w.<>*]*\.png"
    r"|browserconfig\.xml|ads\.txt|app-ads\.txt|humans\.txt|crossdomain\.xml|sitemap[-\w]*\.xml"
    r"|json/(?:version|list)|[\w.<>*/-]{1,120}\.(?:js|mjs|css)\.map"
    r"|\.well-known/(?:appspecific/com\.chrome\.devtools\.json|assetlinks\.json|security\.txt"
    r"|apple-app-site-association|change-password|traffic-advice|gpc\.json|dnt-policy\.txt))"
    r"(?=$|[\s\"'?.,)\]])|(?:^|resource )favicon\.ico",
    re.IGNORECASE,
)
"""Paths that browsers, developer tools and crawlers request from every site."""


def _unasked(facts: Facts) -> bool:
    if facts.is_request:
        route = facts.text.split(" ")[1] if facts.text.startswith(_METHODS) else ""
        asked = [route] if route.startswith("/") else facts.routes
        found = 400 <= facts.status < 500 and facts.status != 429
        return found and bool(asked) and all(_UNASKED.fullmatch(each) for each in asked)
    lines = [line for line in facts.words.split("\n") if _NOT_FOUND(line.lower())]
    return bool(lines) and all(map(_UNASKED.search, lines))


_METHODS = ("get ", "head ", "post ", "options ")
_FORM = frozenset({400, 406, 411, 413, 414, 415, 416, 417, 422, 431})
"""Statuses of a malformed request, as opposed to an unauthorised one."""


def callers_mistake(facts: Facts) -> Priority:
    """Ranks callers' mistakes: low, by their number; in masses they are a warning."""
    if facts.occurrences >= MASSES:
        return P.P4
    return P.P5 if facts.repeats else P.P6


MASSES = 1_000
"""Occurrences in a window from which callers' mistakes count as a warning that repeats."""


def _users_or(often: Priority, once: Priority) -> Callable[[Facts], Priority]:
    """P1 where a browser waits; else by repetition."""
    return lambda facts: P.P1 if facts.client in USERS else repeated(often, once)(facts)


REQUESTS: tuple[TriageRule, ...] = (
    TriageRule(
        "asked of every site",
        _unasked,
        always(P.P9),
        "noise: browsers, developer tools and crawlers request it from every site",
        _case(
            "GET <*> 404 (unknown)",
            404,
            Client.UNKNOWN,
            routes=("/.well-known/appspecific/com.chrome.devtools.json", "/favicon.ico"),
        ),
        _case("GET /static/app.js 404 (browser)", 404, Client.BROWSER),
        impact="None.",
    ),
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
        impact_then="The platform may have taken the instance out of service.",
    ),
    TriageRule(
        "no instance was free",
        lambda f: _NO_INSTANCE(f.text) if f.is_request else _ABORTED(f.text),
        _users_or(P.P2, P.P3),
        "requests were refused because no instance was free",
        _case("GET / 429: no available instance", 429, Client.SERVICE),
        _case("GET / 429", 429, Client.SERVICE),
        cause="Likely max-instances is reached, or cold starts take longer than requests wait.",
        impact="Those requests got no answer from the service.",
        next="Compare max-instances and the concurrency with the load; keep min-instances warm"
        " where starts are slow.",
    ),
    TriageRule(
        "request cut off",
        lambda f: f.is_request and _CUT_OFF(f.text),
        _users_or(P.P2, P.P3),
        "requests took longer than the service allows",
        _case("GET /report 504: maximum request timeout", 504, Client.SERVICE),
        _case("GET /report 504", 504, Client.SERVICE),
        cause="Likely work that takes longer than the service's request time-out.",
        next="Find what the request waited for; raise the request time-out only if that is meant.",
    ),
    TriageRule(
        "instance broke off",
        lambda f: f.is_request and _BROKEN(f.text),
        _users_or(P.P2, P.P3),
        "the connection to an instance broke while it answered",
        _case("GET /x 503: connection to the instance had an error", 503, Client.SERVICE),
        _case("GET /x 503", 503, Client.SERVICE),
        cause="Likely the instance ended, or closed the connection, while it was serving.",
        next="Look at the same instance's entries just before: an exit, or memory that ran out.",
    ),
    TriageRule(
        "server error for users",
        lambda f: f.is_request and f.status >= 500 and f.client in USERS,
        always(P.P1),
        "users in a browser got a server error",
        _case("POST /api/chat 500 (browser)", 500, Client.BROWSER),
        _case("POST /api/chat 500 (service)", 500, Client.SERVICE),
        impact="Requests from browsers fail.",
        impact_then="Requests from browsers failed.",
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
        impact_then="Browsers were refused; likely some belonged to users who should get in.",
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
        "caller's mistake",
        lambda f: f.is_request and f.status in _FORM and f.client not in USERS,
        callers_mistake,
        "a caller's request does not have the form that the service expects",
        _case("POST /x 422 (service)", 422, Client.SERVICE),
        _case("POST /x 422 (browser)", 422, Client.BROWSER),
    ),
    TriageRule(
        "request refused",
        _client_error,
        repeated(P.P4, P.P5),
        "requests were refused",
        _case("POST /x 409 (service)", 409, Client.SERVICE),
        _case("POST /x 204 (service)", 204, Client.SERVICE),
    ),
)
"""Rules for requests; they come after the process rules and before those that read messages."""
