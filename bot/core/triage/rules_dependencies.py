"""Triage table, part 5: refused callers, exhausted resources, dependencies that do not answer."""

from __future__ import annotations

from bot.core.model.values import Priority, Severity
from bot.core.triage.facts import Case, Phrases
from bot.core.triage.rule import (
    TriageRule,
    always,
    at_least,
    by_severity,
)

P = Priority
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL

_ACCESS = Phrases(
    r"not authenticated|unauthori[sz]ed|permission denied|access denied|unauthenticated"
    r"|permission_denied|denied (?:on|for) resource|does not have [\w.<>*]{1,80} access"
    r"|invalid or expired|verification failed|authentication failed|forbidden|signature"
    r"|does not have permission|insufficient (?:permission|scope)|jwt expired"
    r"|token (?:has )?expired|invalid token|not authorized|not_authorized"
    r"|accessdeniedexception|badcredentials"
)
_CORS = Phrases(r"\bcors\b|origin .{0,80}not allowed|access-control-allow-origin")
_GIVEN_UP = Phrases(
    r"giving up after|retries exhausted|maximum (?:number of )?retries|max retries reached"
    r"|dead[- ]?letter|message (?:was )?dropped|dropping (?:message|event)|retry limit"
)
_LEFT = Phrases(
    r"client (?:has )?disconnected|client closed|clientabortexception|context canceled"
    r"|broken ?pipe|\bepipe\b|aborterror|request aborted|clientdisconnect|client went away"
)
_RESOURCES = Phrases(
    r"pool .{0,40}(?:exhaust|timeout|limit|full)|exhausted|rate limit"
    r"|too many (?:connections|open files|clients|requests)|no space left|disk full|quota exceeded"
    r"|exceeded for quota|quota (?:limit|metric)|resource_exhausted|per minute per (?:user|project)"
    r"|circuit breaker .{0,60}open|circuitbreaker .{0,80}open|unable to create new native thread"
    r"|remaining connection slots|hikaripool.{0,60}not available|\bemfile\b|queue is full"
    r"|read-only file system|rejectedexecution|callnotpermitted"
)
_TIMEOUT = Phrases(
    r"time.?out|timed out|deadline exceeded|etimedout|took too long to respond|deadlineexceeded"
)
_DATABASE = Phrases(
    r"deadlock|duplicate key|violates|integrityerror|operationalerror|programmingerror"
    r"|syntax error at or near|database is locked|sqlstate|could not serialize|lock wait"
    r"|sqlexception|ora-<\*>|mongoservererror|sequelize\w*error|prismaclient|redis\w*error"
    r"|current transaction is aborted|dataaccessexception"
)
_NAME = Phrases(
    r"enotfound|getaddrinfo|no such host|unknownhostexception|name or service not known"
    r"|temporary failure in name resolution|eai_again|nodename nor servname"
)
_UPSTREAM = Phrases(
    r"connection (?:was )?(?:refused|reset|failed|error|aborted|lost|closed)|connectexception"
    r"|could not connect|cannot connect|unreachable|bad gateway|service unavailable|econn"
    r"|failed to connect|max retries exceeded|temporary failure|rpc error: code = |socket hang up"
    r"|statuscode\.unavailable|gateway timeout|server closed the connection|connectionerror"
    r"|remotedisconnected|fetch failed|failed to fetch|unexpected eof"
)

OUTSIDE: tuple[TriageRule, ...] = (
    TriageRule(
        "access between services",
        lambda f: f.is_error and _ACCESS(f.text),
        always(P.P1),
        "a caller is not let in, and the service calls that an error",
        Case("Database session error: 403: Not authenticated"),
        Case("Database session error: 403: Not authenticated", WARNING),
        next="Check the caller's credentials and who may call this service.",
    ),
    TriageRule(
        "credentials refused",
        lambda f: f.severity >= WARNING and _ACCESS(f.text),
        by_severity,
        "a caller's credentials were refused, which the service calls no error",
        Case("Token validation failed - invalid or expired", WARNING),
        Case("Token validated", WARNING),
    ),
    TriageRule(
        "other origin",
        lambda f: _CORS(f.text),
        by_severity,
        "a page of another origin was refused",
        Case("CORS: origin https://app.example.org not allowed", WARNING),
        Case("origin https://app.example.org connected", WARNING),
        cause="Likely an origin that is missing in the list of those allowed.",
    ),
    TriageRule(
        "given up",
        lambda f: _GIVEN_UP(f.text),
        at_least(P.P2),
        "it was tried several times and given up",
        Case("Giving up after 5 attempts: publish of order"),
        Case("Publish of order"),
        impact="What was given up was not done.",
    ),
    TriageRule(
        "the caller left",
        lambda f: _LEFT(f.text),
        lambda f: P.P4 if f.repeats else P.P5,
        "the caller went away before the answer",
        Case("write tcp 10.0.0.1:80: write: broken pipe"),
        Case("connection refused"),
        cause="Likely a page that was closed, or a caller with a short time-out.",
    ),
    TriageRule(
        "resources",
        lambda f: _RESOURCES(f.text),
        lambda f: P.P2 if f.is_error or f.repeats else P.P3,
        "something that is limited ran out",
        Case("QueuePool limit of size 5 overflow 10 reached, connection timed out"),
        Case("QueuePool is ready"),
    ),
    TriageRule(
        "time-out",
        lambda f: _TIMEOUT(f.text),
        at_least(P.P2),
        "something did not answer in time",
        Case("context deadline exceeded"),
        Case("answered in time"),
    ),
    TriageRule(
        "database",
        lambda f: f.is_error and _DATABASE(f.text),
        by_severity,
        "the database refused a statement",
        Case("deadlock detected"),
        Case("database answered"),
    ),
    TriageRule(
        "name not found",
        lambda f: _NAME(f.text),
        by_severity,
        "the name of a host that the service calls is not known",
        Case("getaddrinfo ENOTFOUND db.internal"),
        Case("no such order"),
        cause="Likely a wrong host name, or no route to where that name is known.",
    ),
    TriageRule(
        "something does not answer",
        lambda f: _UPSTREAM(f.text),
        by_severity,
        "something that the service calls does not answer",
        Case("Connection refused"),
        Case("Connection accepted"),
    ),
    TriageRule(
        "highest severity",
        lambda f: f.severity >= CRITICAL and f.mentions_failure,
        lambda f: P.P1 if f.repeats else P.P2,
        "the service calls it critical, and names a failure",
        Case("CRITICAL: ledger is inconsistent, writes failed", CRITICAL),
        Case("CRITICAL: ledger is inconsistent, writes failed"),
    ),
)
"""Rules for what callers and dependencies do to the service."""
