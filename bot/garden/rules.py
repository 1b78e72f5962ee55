"""Triage rules: what a kind of message is worth, in one ordered table.

The first rule that fits gives the base priority, and its sentence is the first reason. A rule
looks at the template (slots masked), at severity and at a few facts of the cluster; it never
looks at a team's names. `cause`, `impact` and `next` are worded as likely where they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.garden.entry import Kind
from bot.garden.model import Priority, Severity
from bot.garden.requests import Client

P = Priority


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may know of a cluster."""

    text: str
    """The template in lower case."""
    kind: Kind
    severity: Severity
    occurrences: int
    repeats: bool
    root_of_crash: bool = False
    symptom_of_crash: bool = False
    status: int = 0
    client: Client | None = None
    health_check: bool = False
    per_request: float = 0.0
    """Occurrences per request that the same service logged; 0.0 where none was read."""
    same_value: str | None = None
    """A value behind a mask that stands in three or more of the occurrences."""
    swallowed: bool = False
    """The service's own filter has replaced words."""

    @property
    def is_error(self) -> bool:
        """Severity ERROR or above, or an exception."""
        return self.severity >= Severity.ERROR or self.kind is Kind.TRACE

    @property
    def says_failure(self) -> bool:
        """Whether a word of failure stands in it."""
        return bool(_FAILURE.search(self.text))


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: a predicate and what follows from it."""

    name: str
    fits: Callable[[Facts], bool]
    priority: Callable[[Facts], Priority]
    reason: str
    example: str = ""
    """A message that the rule is for, at ERROR unless `example_severity` says otherwise."""
    example_severity: Severity = Severity.ERROR
    cause: str | None = None
    impact: str | None = None
    next: str | None = None


_FAILURE = re.compile(
    r"fail|error|exception|cannot|can't|could not|couldn't|unable|time.?out|timed out|refus|denied"
    r"|reject|missing|not found|no such|invalid|illegal|exceed|unavailable|not available|panic"
    r"|fatal|abort|corrupt|\blost\b|dead|leak|unhandled|uncaught|crash|killed|exit|unauthori"
    r"|forbidden|not authenticated|out of |exhaust|overflow|broken|mismatch|required|must |shut"
    r"|expired|bad |wrong|unknown|unexpected|undefined|not implemented|unsupported|violat|conflict"
    r"|duplicate|nul+ pointer|stopp|terminat|closed|disconnect|reset"
)


def _has(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_CANNOT_START = _has(
    r"failed to boot|application startup failed|container called exit\(|failed to start and then"
    r"|container failed to start|startup probe failed|failed the configured startup probe"
    r"|container terminated on signal|revision .{0,80}is not ready|deployment failed"
)
_START_WORDS = _has(
    r"no module named|modulenotfounderror|importerror|cannot import name|cannot find module"
    r"|syntaxerror|indentationerror|f-string:|classnotfound|noclassdeffound"
    r"|initiali[sz]ation (?:timed out|timeout|failed)|timeout .{0,30}initiali[sz]ation"
)
_MEMORY = _has(
    r"memory limit of .{1,40}exceeded|out of memory|\boom\b|heap out of memory|memoryerror"
)
_RESOURCES = _has(
    r"pool .{0,40}(?:exhaust|timeout|limit|full)|exhausted|rate limit|deadline exceeded"
    r"|too many (?:connections|open files|clients)|no space left|disk full|quota exceeded"
    r"|circuit breaker .{0,60}open"
)
_AUTO_CREATED = _has(r"auto[- ]?created|auto[- ]?provisioned|expected behaviou?r")
_WILL_FAIL = _has(
    r"(?:requests?|users?|connections?|auth\w*|logins?|payments?|messages?)(?: \w+)? will fail"
    r"|will fail|critical .{0,40}missing|data loss|data (?:was |is )?lost"
)
_SWALLOWED_CONFIG = _has(
    r"(?:secret|key|token|password)\s?=\s?<\*> found in config|auth\s?=\s?<\*> fail"
)
_CONFIG = _has(
    r"must be (?:installed|set|configured|defined|provided)|required in \w+"
    r"|not configured|is not set|not set in|misconfig|contained whitespace|uri mismatch|id mismatch"
    r"|configuration mismatch|environment variable|env var|missing (?:config|setting|environment)"
    r"|no exporters configured|invalid (?:config|configuration|setting)"
)
_TOLERATED = _has(r"non[- ]critical|tolerated|sanitized|using default|defaulting to")
_DRIFT = _has(
    r"has no attribute|unexpected keyword argument|can't be used in 'await'|is not a function"
    r"|cannot read propert|undefined is not|missing \d* ?<?\*?>? ?required positional"
    r"|textual sql expression|nosuchmethod|no such method|nil pointer|null pointer"
    r"|nullpointerexception|invalid memory address|attributeerror|typeerror|nameerror"
    r"|classcastexception|is not callable|is not subscriptable|not iterable|was never awaited"
)
_PROTOCOL = _has(
    r"(?:invalid|unknown|unsupported|unexpected) (?:message|event|frame|packet|request) ?type"
    r"|need to call \"accept\"|protocol error|malformed|unexpected (?:end of|token)|invalid json"
    r"|jsondecodeerror|cannot parse|failed to parse|schema validation"
)
_ACCESS = _has(
    r"not authenticated|unauthori[sz]ed|permission denied|access denied|permission_denied"
    r"|invalid or expired|verification failed|authentication failed|forbidden|signature"
)
_OPTIONAL = _has(
    r"deprecat|not available - |packages? not available|not installed|is optional"
    r"|optional (?:\w+ )?(?:module|package|dependency|feature)|skipp(?:ed|ing) in"
    r"|will be removed in|futurewarning|graceful degradation|not required|no longer supported"
)
_UPSTREAM = _has(
    r"time.?out|timed out|connection (?:refused|reset|failed|error|aborted|lost|closed)"
    r"|could not connect|cannot connect|unreachable|bad gateway|service unavailable|econn|enotfound"
    r"|name or service not known|max retries exceeded|temporary failure"
)
_DATABASE = _has(
    r"deadlock|duplicate key|violates|integrityerror|operationalerror|programmingerror"
    r"|relation .{0,60}does not exist|syntax error at or near|database is locked|sqlstate"
)
_SECURITY = _has(
    r"path traversal|sql injection|xss|csrf|brute.?force|blocked .{0,30}(?:attempt|request)|attack"
)
_SHUTDOWN = _has(r"was sent sigterm|shutting down|handling signal|graceful(?:ly)? shut")


def _by_severity(facts: Facts) -> Priority:
    if facts.is_error:
        return P.P2 if facts.repeats else P.P3
    if facts.severity >= Severity.WARNING:
        return P.P4 if facts.repeats else P.P5
    return P.P8 if facts.severity >= Severity.NOTICE else P.P9


def _always(priority: Priority) -> Callable[[Facts], Priority]:
    return lambda _facts: priority


def _error_or_warning(error: Priority, warning: Priority) -> Callable[[Facts], Priority]:
    return lambda facts: error if facts.is_error else warning


RULES: tuple[Rule, ...] = (
    Rule(
        "root of a crash",
        lambda f: f.root_of_crash,
        _always(P.P0),
        "the process ended after it: the service cannot start, or died",
        impact="Instances of this revision cannot serve.",
        next="Route traffic to the last revision without it, then mend the cause.",
    ),
    Rule(
        "cannot start",
        lambda f: f.kind is not Kind.REQUEST and bool(_CANNOT_START.search(f.text)),
        _always(P.P0),
        "it says that a container or process could not start, or ended",
        example="Worker failed to boot.",
        impact="The instance cannot serve.",
        next="Look at the entries of the same instance just before it.",
    ),
    Rule(
        "memory",
        lambda f: bool(_MEMORY.search(f.text)),
        _always(P.P1),
        "memory ran out: the instance is killed with all its requests",
        example="Memory limit of 512 MiB exceeded with 540 MiB used.",
        cause="Likely a leak, or a limit that is too low for the load.",
        next="Compare the memory of this revision with the one before.",
    ),
    Rule(
        "deploy and audit",
        lambda f: f.kind is Kind.AUDIT,
        _error_or_warning(P.P2, P.P8),
        "platform and deploy activity",
        example="",
    ),
    Rule(
        "words swallowed by a filter",
        lambda f: f.swallowed and bool(_SWALLOWED_CONFIG.search(f.text)),
        _always(P.P1),
        "the service's own redaction has swallowed words here; read it as likely “not found …"
        " will fail”",
        example="SERVICE_SECRET=REDACTED found in config or environment - auth=REDACTED fail",
        cause="Likely a secret that this service needs is not configured.",
        next="Check the secret's name and the service account's access to it.",
    ),
    Rule(
        "says that something will fail",
        lambda f: f.is_error and bool(_WILL_FAIL.search(f.text)),
        _always(P.P1),
        "it says that a request, user or data will be failed",
        example="AGENT_NOT_FOUND: Critical agent missing from registry - user request will fail",
    ),
    Rule(
        "the same value again",
        lambda f: bool(_AUTO_CREATED.search(f.text)) and f.same_value is not None,
        _always(P.P3),
        "it is expected once a user, but it happened to the same user again",
        cause="Likely what is created is not found again: not stored, or looked up by another key.",
    ),
    Rule(
        "created on first use",
        lambda f: bool(_AUTO_CREATED.search(f.text)),
        _always(P.P6),
        "expected behaviour: it tells of something that was created on first use",
        example="USER AUTO-CREATED: Created user ***@example.org",
        example_severity=Severity.WARNING,
        cause="Expected behaviour: what was not there yet was created.",
        impact="None known; worth tracking.",
        next="Acknowledge it as expected, so that it is told only when it changes.",
    ),
    Rule(
        "said on every request",
        lambda f: (
            f.per_request >= 0.8
            and f.occurrences >= 10
            and not _ACCESS.search(f.text)
            and (not f.says_failure or f.severity >= Severity.CRITICAL)
        ),
        _always(P.P6),
        "as many as there are requests: a trace, whatever its severity",
        next="Log it at DEBUG.",
    ),
    Rule(
        "no word of failure",
        lambda f: (
            f.severity >= Severity.CRITICAL
            and f.kind is Kind.MESSAGE
            and not f.says_failure
            and f.occurrences >= 10
        ),
        _always(P.P6),
        "it repeats and names nothing that failed: likely a trace at too high a severity",
        example="",
        next="Log it at DEBUG or INFO, or acknowledge it as expected.",
    ),
    Rule(
        "probe by a scanner",
        lambda f: f.client is Client.SCANNER and f.status < 500,
        _always(P.P6),
        "a scanner probes for what is not there, and was refused",
        impact="None: the request was refused.",
    ),
    Rule(
        "request of a test",
        lambda f: f.client is Client.TEST and f.status < 500,
        _always(P.P6),
        "a test's user agent asked",
    ),
    Rule(
        "health check fails",
        lambda f: f.kind is Kind.REQUEST and f.status >= 500 and f.health_check,
        _always(P.P1),
        "the health check fails, without a start failure that explains it",
        impact="The platform may take the instance out of service.",
    ),
    Rule(
        "server error for users",
        lambda f: (
            f.kind is Kind.REQUEST
            and f.status >= 500
            and f.client in (Client.BROWSER, Client.OWN_PAGE)
        ),
        _always(P.P1),
        "users in a browser got a server error",
    ),
    Rule(
        "server error",
        lambda f: f.kind is Kind.REQUEST and f.status >= 500,
        lambda f: P.P2 if f.repeats else P.P3,
        "requests ended in a server error",
    ),
    Rule(
        "users are refused",
        lambda f: (
            f.kind is Kind.REQUEST
            and f.status in (401, 403)
            and f.client in (Client.BROWSER, Client.OWN_PAGE)
        ),
        lambda f: P.P1 if f.status == 403 else P.P3,
        "users in a browser were refused",
        impact="Users who should get in may not.",
        next="Look at the same instance's messages on tokens and sessions.",
    ),
    Rule(
        "own page asks for what is not there",
        lambda f: f.kind is Kind.REQUEST and 400 <= f.status < 500 and f.client is Client.OWN_PAGE,
        _always(P.P3),
        "the service's own page asked for it",
        cause="Likely page and service do not agree on this route.",
    ),
    Rule(
        "throttled",
        lambda f: f.kind is Kind.REQUEST and f.status == 429,
        lambda f: P.P4 if f.repeats else P.P5,
        "requests were throttled",
    ),
    Rule(
        "not found by strangers",
        lambda f: f.kind is Kind.REQUEST and f.status in (404, 405, 410),
        _always(P.P6),
        "a stranger asked for what is not there",
    ),
    Rule(
        "request refused",
        lambda f: f.kind is Kind.REQUEST and 400 <= f.status < 500,
        lambda f: P.P4 if f.repeats else P.P5,
        "requests were refused",
    ),
    Rule(
        "configuration, tolerated",
        lambda f: (
            bool(_CONFIG.search(f.text))
            and (f.severity < Severity.CRITICAL or bool(_TOLERATED.search(f.text)))
        ),
        _always(P.P4),
        "configuration that is wrong but tolerated: nothing ended after it",
        example="SessionMiddleware must be installed to access request.session",
        example_severity=Severity.WARNING,
        cause="Likely a part that the message names is not installed or not configured.",
        next="Configure what the message names, or take out what asks for it.",
    ),
    Rule(
        "configuration that stops something",
        lambda f: bool(_CONFIG.search(f.text)),
        _always(P.P1),
        "configuration is missing, and the message calls it critical",
        example="REDIS_HOST required in staging",
        example_severity=Severity.CRITICAL,
    ),
    Rule(
        "optional part or deprecation",
        lambda f: not f.is_error and bool(_OPTIONAL.search(f.text)),
        _always(P.P7),
        "hygiene: an optional part that is missing, or a deprecation; nothing ended after it",
        example="Sentry SDK not available - install sentry-sdk to enable error tracking",
        example_severity=Severity.WARNING,
        impact="None known.",
    ),
    Rule(
        "optional part, at a high severity",
        lambda f: bool(_has(r"packages? not available|is not available - install").search(f.text)),
        _always(P.P7),
        "an optional part that is missing; nothing ended after it",
        example="OpenTelemetry packages not available: No module named 'opentelemetry'",
    ),
    Rule(
        "missing module or syntax",
        lambda f: f.is_error and bool(_START_WORDS.search(f.text)),
        _always(P.P1),
        "code or a part that a start needs is missing or broken; no end of a process was read",
        example="No module named 'auth_service'",
        cause="Likely the image lacks a module, or the module's name has changed.",
    ),
    Rule(
        "blocked attack",
        lambda f: not f.is_error and bool(_SECURITY.search(f.text)),
        _always(P.P6),
        "an attempt that was blocked",
        example="Blocked potential path traversal attempt from <*>",
        example_severity=Severity.WARNING,
        impact="None: it was blocked.",
    ),
    Rule(
        "ordered shutdown",
        lambda f: bool(_SHUTDOWN.search(f.text)),
        _always(P.P8),
        "platform activity: an ordered shutdown",
        example="Worker (pid:<*>) was sent SIGTERM!",
    ),
    Rule(
        "protocol",
        lambda f: f.is_error and bool(_PROTOCOL.search(f.text)),
        _always(P.P2),
        "two sides do not agree on the protocol",
        example="Invalid message type 'legacy_response': Unknown message type",
        cause="Likely a client and the service speak different versions of a protocol.",
        next="Find who sends what the message quotes.",
    ),
    Rule(
        "API drift",
        lambda f: f.is_error and bool(_DRIFT.search(f.text)),
        _always(P.P2),
        "code calls something that is not there: an API has changed",
        example="'Session' object has no attribute 'configure'",
        cause="Likely an API changed on one side only.",
    ),
    Rule(
        "access between services",
        lambda f: f.is_error and bool(_ACCESS.search(f.text)),
        _always(P.P1),
        "a caller is not let in, and the service calls that an error",
        example="Database session error: 403: Not authenticated",
        next="Check the caller's credentials and who may call this service.",
    ),
    Rule(
        "resources",
        lambda f: bool(_RESOURCES.search(f.text)),
        lambda f: P.P2 if f.is_error or f.repeats else P.P3,
        "something that is limited ran out",
        example="QueuePool limit of size 5 overflow 10 reached, connection timed out",
    ),
    Rule(
        "database",
        lambda f: f.is_error and bool(_DATABASE.search(f.text)),
        _by_severity,
        "the database refused a statement",
        example="deadlock detected",
    ),
    Rule(
        "something does not answer",
        lambda f: bool(_UPSTREAM.search(f.text)),
        _by_severity,
        "something that the service calls does not answer",
        example="Connection refused",
    ),
    Rule(
        "highest severity",
        lambda f: f.severity >= Severity.CRITICAL and f.says_failure,
        lambda f: P.P1 if f.repeats else P.P2,
        "the service calls it critical, and names a failure",
        example="CRITICAL: ledger is inconsistent, writes failed",
        example_severity=Severity.CRITICAL,
    ),
    Rule("by severity", lambda _f: True, _by_severity, "no rule knows it: by its severity"),
)
