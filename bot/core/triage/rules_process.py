"""Triage table, part 1: the process, its memory, lost data and expected behaviour."""

from __future__ import annotations

from bot.core.entries.understand import Kind
from bot.core.model.values import Priority, Severity
from bot.core.text.process_ends import Means, pattern
from bot.core.text.slow_workers import TIMEOUT_LINES
from bot.core.triage.facts import Case, Phrases
from bot.core.triage.named import PORT, naming
from bot.core.triage.rule import TriageRule, always, error_or_warning

P = Priority
WARNING, CRITICAL, INFO = Severity.WARNING, Severity.CRITICAL, Severity.INFO

_NOT_STARTED = pattern(Means.NOT_STARTED)
NOT_STARTED = Phrases(_NOT_STARTED)
"""It says that a container or process did not come up."""
_CANNOT_START = Phrases(
    _NOT_STARTED + r"|container called exit\(|container terminated on signal|^deployment failed"
)
_PORT_TAKEN = Phrases(
    r"eaddrinuse|address already in use|connection in use: "
    r"|port \S{1,12} (?:is |was )?already in use|already bound: \d"
    r"|only one usage of each socket address"
)
_DIED = Phrases(
    r"^panic: |^fatal error: |segmentation fault|sigsegv|uncaught exception|uncaughtexception"
    r"|exception in thread \"main\"|fatal python error|triggeruncaughtexception|process crashed"
    r"|concurrent map (?:read|write|iteration)|all goroutines are asleep"
    r"|uncaught signal: |liveness (?:tcp |http |grpc )?probe failed"
)
_MEMORY = Phrases(
    r"memory limit of .{1,40}exceeded|exceeded (?:hard|soft) memory limit"
    r"|using too much memory and was terminated|heap out of memory|gc overhead limit exceeded"
    r"|(?<!perhaps )(?<!cuda )\bout of memory(?=$|[.:;,!)(\n]| \(| error\b| in \w+ \w+$)"
    r"|\boom[- ]?kill|\bmemoryerror\b|\boutofmemory(?:error|exception)\b|cannot allocate memory"
    r"|allowed memory size of .{1,40}exhausted|insufficient memory to continue"
    r"|memory allocation of .{1,20}bytes failed"
)
_WORKER = Phrases("|".join(line.find.pattern for line in TIMEOUT_LINES))
_WORKER_KILLED = Phrases(r"worker \(pid:.{1,8}\) was sent sigkill")
_DATA_LOST = Phrases(
    r"\bdata (?:loss|corruption)\b|\bdata (?:was|were|has been|is) (?:lost|corrupt)"
    r"|(?:database|index|table|page|file system) (?:is |has been )?corrupted"
)
_GOT_IN = Phrases(
    r"unauthori[sz]ed access (?:was )?(?:granted|gained|succeeded)|security breach"
    r"|privilege escalation (?:detected|succeeded)|intruder"
    r"|credentials? (?:was|were|have been) (?:leaked|stolen)"
)
_NOT_REALLY = Phrases(
    r"\bno |without|prevent|avoid|\bmay |might|could|would|risk|blocked|attempt|refused|denied"
)
_AUTO_CREATED = Phrases(r"auto[- ]?created|auto[- ]?provisioned|expected behaviou?r")
_WILL_FAIL = Phrases(
    r"will fail|(?<!non-)(?<!non )\bcritical .{0,40}missing|will be (?:lost|dropped|rejected)"
)
_SWALLOWED_CONFIG = Phrases(
    r"(?:secret|key|token|password)\s?=\s?<\*> found in config|auth\s?=\s?<\*> fail"
)
_ACCESS = Phrases(r"not authenticated|unauthori[sz]ed|denied|forbidden|verification failed|expired")
_LIFE = Phrases(
    r"new instance started|starting new instance|startup (?:tcp )?probe succeeded|autoscaling"
    r"|application startup complete|started server process|waiting for application startup"
    r"|booting worker with pid|server (?:is )?(?:started|listening|running) (?:on|at)"
    r"|listening (?:on|at) (?:port|http|<)|tomcat started on port|started \w+application in"
)

FIRST: tuple[TriageRule, ...] = (
    TriageRule(
        "run of a job",
        lambda f: f.job and (f.root_of_crash or _CANNOT_START(f.text)),
        always(P.P1),
        "a job's process ended with it: this run failed",
        Case("RuntimeError: no rates for today", more={"root_of_crash": True, "job": True}),
        Case("RuntimeError: no rates for today", more={"job": True}),
        impact="This run did not finish its work.",
        tells_why=False,
    ),
    TriageRule(
        "worker took too long",
        lambda f: not f.is_request and _WORKER(f.text),
        always(P.P1),
        "a request took longer than the web server allows a worker; the worker was replaced",
        Case("[CRITICAL] WORKER TIMEOUT (pid:12)"),
        Case("WORKER TIMEOUT is set to 30s"),
        cause="Likely a request that takes longer than the worker's time-out, or blocks it.",
        impact="The requests that the worker was serving were cut off.",
        next="Find the slow call in the traceback of that worker; give long work a longer time-out"
        " or a job of its own.",
    ),
    TriageRule(
        "worker killed",
        lambda f: _WORKER_KILLED(f.text),
        always(P.P1),
        "a worker was killed with the requests that it was serving",
        Case("Worker (pid:17) was sent SIGKILL! Perhaps out of memory?"),
        Case("Worker (pid:17) was sent SIGTERM!"),
        impact="The requests that the worker was serving were cut off.",
        next="Look for WORKER TIMEOUT, or for the platform's own message, just before it.",
    ),
    TriageRule(
        "memory",
        lambda f: (
            not (f.severity and f.severity < WARNING)
            and not (f.root_of_crash and f.nothing_starts)
            and _MEMORY(f.text)
        ),
        always(P.P1),
        "memory ran out: the instance is killed with all its requests",
        Case("Memory limit of 512 MiB exceeded with 540 MiB used."),
        Case("Read 12 rows out of memory cache", WARNING),
        cause=naming(
            r"[Mm]emory limit of ([\d.]+ ?[KMG]i?B?) exceeded"
            r"|hard memory limit of ([\d.]+ ?[KMG]i?B?)|memory size of (\d+ bytes)",
            "Likely the limit of {0} is too low for the load, or memory leaks.",
            "Likely a leak, or a limit that is too low for the load.",
        ),
        impact="Requests that the instance was serving were cut off.",
        next="Raise the memory limit or lower the concurrency, and compare the memory in use with"
        " that of the revision before.",
    ),
    TriageRule(
        "root of a crash",
        lambda f: f.root_of_crash,
        always(P.P0),
        "the process ended after it: the service cannot start, or died",
        Case("No module named 'auth_service'", more={"root_of_crash": True}),
        Case("No module named 'auth_service'"),
        impact="Instances of this revision cannot serve.",
        impact_then="Instances of this revision could not serve.",
        rolls_back=True,
        tells_why=False,
    ),
    TriageRule(
        "port in use",
        lambda f: not f.is_request and f.is_error and _PORT_TAKEN(f.text),
        always(P.P0),
        "it cannot start: something in the container listens on its port already",
        Case("Error: listen EADDRINUSE: address already in use :::8080"),
        Case("port 8080 is open"),
        cause=naming(
            PORT,
            "Likely something in the container listens on port {0} already.",
            "Likely something in the container listens on its port already.",
        ),
        impact="The instance cannot serve.",
        next=naming(
            PORT,
            "Find what else takes port {0}: a second server, or the same one started twice.",
            "Find what else takes the port: a second server, or the same one started twice.",
        ),
    ),
    TriageRule(
        "cannot start",
        lambda f: not f.is_request and _CANNOT_START(f.text),
        always(P.P0),
        "it says that a container or process could not start, or ended",
        Case("Worker failed to boot."),
        Case("Worker booted in 3.2s"),
        impact="The instance cannot serve.",
        impact_then="The instance could not serve.",
        next="Look at the entries of the same instance just before it.",
    ),
    TriageRule(
        "data is lost",
        lambda f: f.is_error and _DATA_LOST(f.text) and not _NOT_REALLY(f.text),
        always(P.P0),
        "it says that data is lost or damaged",
        Case("compaction stopped: data was lost in segment 12"),
        Case("retrying to avoid data loss"),
        next="Stop what writes, and look at the last good backup.",
    ),
    TriageRule(
        "someone got in",
        lambda f: f.is_error and _GOT_IN(f.text) and not _NOT_REALLY(f.text),
        always(P.P0),
        "it says that someone got in",
        Case("security breach: admin session opened from an unknown place"),
        Case("blocked a security breach attempt"),
    ),
    TriageRule(
        "the process died",
        lambda f: f.kind in (Kind.MESSAGE, Kind.TRACE) and f.is_error and _DIED(f.text),
        always(P.P1),
        "a process dies of this, with all its requests",
        Case("panic: runtime error: index out of range [3] with length 3"),
        Case("http: panic serving 10.0.0.1:5000: runtime error"),
        impact="Requests that the process was serving were cut off.",
        tells_why=False,
    ),
    TriageRule(
        "deploy and audit",
        lambda f: f.kind is Kind.AUDIT,
        error_or_warning(P.P2, P.P8),
        "platform and deploy activity",
        Case("v1.Services.ReplaceService services/web", Severity.NOTICE, {"kind": Kind.AUDIT}),
        Case("ReplaceService was called", Severity.NOTICE),
    ),
    TriageRule(
        "words swallowed by a filter",
        lambda f: f.swallowed and _SWALLOWED_CONFIG(f.text),
        always(P.P1),
        "the service's own redaction has swallowed words here; read it as likely “not found …"
        " will fail”",
        Case(
            "SERVICE_SECRET=REDACTED found in config or environment - auth=REDACTED fail",
            more={"swallowed": True},
        ),
        Case("SERVICE_SECRET=REDACTED found in config or environment - auth=REDACTED fail"),
        cause="Likely a secret that this service needs is not configured.",
        next="Check the secret's name and the service account's access to it.",
    ),
    TriageRule(
        "says that something will fail",
        lambda f: f.is_error and _WILL_FAIL(f.text),
        always(P.P1),
        "it says that a request, user or data will be failed",
        Case("AGENT_NOT_FOUND: Critical agent missing from registry - user request will fail"),
        Case("AGENT_NOT_FOUND: optional agent is not in the registry"),
    ),
    TriageRule(
        "the same value again",
        lambda f: _AUTO_CREATED(f.text) and f.same_value is not None,
        always(P.P3),
        "it is expected once a user, but it happened to the same user again",
        Case("USER AUTO-CREATED: Created user", WARNING, {"same_value": "10812417..."}),
        Case("USER AUTO-CREATED: Created user", WARNING),
        cause="Likely what is created is not found again: not stored, or looked up by another key.",
    ),
    TriageRule(
        "created on first use",
        lambda f: _AUTO_CREATED(f.text),
        always(P.P6),
        "expected behaviour: it tells of something that was created on first use",
        Case("USER AUTO-CREATED: Created user ***@example.org", WARNING),
        Case("Could not create user ***@example.org", WARNING),
        cause="Expected behaviour: what was not there yet was created.",
        impact="None known; worth tracking.",
        next="Acknowledge it as expected, so that it is told only when it changes.",
    ),
    TriageRule(
        "said on every request",
        lambda f: (
            f.per_request >= 0.8
            and f.failing < 0.5
            and f.occurrences >= 10
            and not f.is_request
            and not _ACCESS(f.text)
            and (not f.mentions_failure or f.severity >= Severity.CRITICAL)
        ),
        always(P.P6),
        "as many as there are requests: a trace, whatever its severity",
        Case(
            "GOLDEN PATH AUTH=REDACTED permissive authentication",
            CRITICAL,
            {"per_request": 1.0, "occurrences": 40},
        ),
        Case(
            "GOLDEN PATH AUTH=REDACTED permissive authentication",
            CRITICAL,
            {"per_request": 1.0, "occurrences": 40, "failing": 0.9},
        ),
        next="Log it at DEBUG.",
    ),
    TriageRule(
        "no word of failure",
        lambda f: (
            f.severity >= CRITICAL
            and f.kind is Kind.MESSAGE
            and not f.mentions_failure
            and f.occurrences >= 10
            and f.failing < 0.5
        ),
        always(P.P6),
        "it repeats and names nothing that failed: likely a trace at too high a severity",
        Case("STEP 3: session picked up", CRITICAL, {"occurrences": 12}),
        Case("STEP 3: session lost", CRITICAL, {"occurrences": 12}),
        next="Log it at DEBUG or INFO, or acknowledge it as expected.",
    ),
    TriageRule(
        "life of an instance",
        lambda f: not f.is_error and not f.is_request and _LIFE(f.text) and not f.mentions_failure,
        always(P.P8),
        "platform activity: a process or instance starts",
        Case("Default STARTUP TCP probe succeeded after 1 attempt for container", INFO),
        Case("STARTUP TCP probe failed 1 time", WARNING),
    ),
)
"""Rules that come before all others."""
