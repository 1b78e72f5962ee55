"""Triage table, part 3: configuration, optional parts and what a start needs."""

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
WARNING, CRITICAL, INFO = Severity.WARNING, Severity.CRITICAL, Severity.INFO

_CREDENTIALS = Phrases(
    r"default credentials were not found|could not (?:automatically )?determine credentials"
    r"|could not load .{0,20}credentials"
    r"|defaultcredentialserror|application default credentials are not available"
    r"|password authentication failed|access denied for user|invalid_grant|wrongpass|noauth "
    r"|invalid api key|incorrect api key|secret .{0,120}(?:not found|was not found)"
)
_TLS = Phrases(
    r"certificate has expired|certificate_verify_failed|certificate verify failed|x<\*>: "
    r"|self[- ]signed certificate|unable to verify the first certificate|sslhandshakeexception"
    r"|pkix path building failed|unable_to_verify_leaf_signature|tls handshake"
)
_SCHEMA = Phrases(
    r"relation .{0,80}does not exist|no such table|unknown column|undefinedtable|undefinedcolumn"
    r"|column .{0,80}does not exist|table .{0,80}doesn't exist|invalid object name"
)
_MIGRATION = Phrases(
    r"migration .{0,80}failed|failed .{0,40}migration|flywayexception|can't locate revision"
    r"|multiple head revisions|liquibase.{0,60}exception"
)
_CONFIG = Phrases(
    r"must be (?:installed|set|configured|defined|provided)|required in \w+"
    r"|not configured|is not set|not set in|misconfig|uri mismatch|id mismatch"
    r"|contain(?:s|ed) (?:trailing |leading )?whitespace"
    r"|configuration mismatch|environment variable|env var|missing (?:config|setting|environment)"
    r"|no exporters configured|invalid (?:config|configuration|setting)"
    r"|could not resolve placeholder|failed to bind properties"
)
_SPACE = Phrases(r"contain(?:s|ed) (?:trailing |leading )?whitespace")
_DIFFERS = Phrases(r"uri mismatch|id mismatch|configuration mismatch")
_TOLERATED = Phrases(r"non[- ]critical|tolerated|sanitized|using default|defaulting to")
_OPTIONAL = Phrases(
    r"deprecat|not available - |packages? not available|not installed|is optional"
    r"|optional (?:\w+ )?(?:module|package|dependency|feature)|skipp(?:ed|ing) in"
    r"|will be removed in|futurewarning|graceful degradation|not required|no longer supported"
    r"|experimentalwarning|experimental feature|slf<\*>j: |log<\*>j:warn"
    r"|no appenders could be found|illegal reflective access|punycode"
)
_OPTIONAL_HIGH = Phrases(r"packages? not available|is not available - install")
_START_WORDS = Phrases(
    r"no module named|modulenotfounderror|importerror|cannot import name|cannot find module"
    r"|syntaxerror|indentationerror|f-string:|classnotfound|noclassdeffound|err_module_not_found"
    r"|cannot find package|unsupportedclassversionerror|undefined symbol|error loading shared lib"
    r"|shared object file: no such file"
)
_WIRING = Phrases(
    r"error creating bean|unsatisfieddependencyexception|beancreationexception"
    r"|nest can't resolve dependencies|no qualifying bean|circular import"
)
_INITIALIZATION = Phrases(
    r"initiali[sz]ation (?:timed out|timeout|failed)|timeout .{0,30}initiali[sz]ation"
    r"|failed to initiali[sz]e|did not reach .{0,60}within"
)
_SECURITY = Phrases(
    r"path traversal|sql injection|xss|csrf|brute.?force|blocked .{0,30}(?:attempt|request)|attack"
)
_SHUTDOWN = Phrases(r"was sent sigterm|shutting down|handling signal|graceful(?:ly)? shut")

SETUP: tuple[TriageRule, ...] = (
    TriageRule(
        "credentials of the service",
        lambda f: f.is_error and not f.is_request and _CREDENTIALS(f.text),
        always(P.P1),
        "the service itself is not let in where it asks: its credentials are missing or refused",
        Case('pq: password authentication failed for user "app"'),
        Case("password is too short"),
        cause="Likely a secret or the service account's role is missing, rotated or misspelt.",
        next="Check the secret's version and the service account's roles.",
    ),
    TriageRule(
        "certificate",
        lambda f: _TLS(f.text) and f.severity >= WARNING,
        at_least(P.P2),
        "a certificate is not accepted",
        Case("SSL: CERTIFICATE_VERIFY_FAILED certificate verify failed"),
        Case("SSL is on"),
        cause="Likely a certificate that expired, or an authority that the image does not know.",
    ),
    TriageRule(
        "schema",
        lambda f: f.is_error and _SCHEMA(f.text),
        always(P.P2),
        "code and database do not agree on the schema",
        Case('relation "orders" does not exist'),
        Case("order does not exist"),
        cause="Likely a migration that has not run, or ran without this revision.",
        next="Check whether the migrations of this revision have run.",
    ),
    TriageRule(
        "migration",
        lambda f: f.is_error and _MIGRATION(f.text),
        always(P.P1),
        "a migration of the database failed",
        Case("Migration 0042_add_index failed"),
        Case("Migration 0042_add_index done"),
        next="Look at the statement that failed, before a new revision takes traffic.",
    ),
    TriageRule(
        "a space in a setting, tolerated",
        lambda f: _SPACE(f.text) and (f.severity < CRITICAL or _TOLERATED(f.text)),
        always(P.P4),
        "configuration that is wrong but tolerated: nothing ended after it",
        Case("SERVICE_ID contained whitespace - sanitized from 'a ' to 'a'", CRITICAL),
        Case("SERVICE_ID contained whitespace", CRITICAL),
        cause="Likely the value that the message names was stored with a space or a line end.",
        next="Store that value again without it; a secret's text often ends in a line end.",
    ),
    TriageRule(
        "settings that differ, tolerated",
        lambda f: _DIFFERS(f.text) and (f.severity < CRITICAL or _TOLERATED(f.text)),
        always(P.P4),
        "configuration that is wrong but tolerated: nothing ended after it",
        Case("OAuth URI mismatch (non-critical in staging)", CRITICAL),
        Case("OAuth URI mismatch", CRITICAL),
        cause="Likely two places hold different values for what the message names.",
        next="Compare both values, and correct the one that is wrong.",
    ),
    TriageRule(
        "configuration, tolerated",
        lambda f: _CONFIG(f.text) and (f.severity < CRITICAL or _TOLERATED(f.text)),
        always(P.P4),
        "configuration that is wrong but tolerated: nothing ended after it",
        Case("SessionMiddleware must be installed to access request.session", WARNING),
        Case("REDIS_HOST required in staging", CRITICAL),
        cause="Likely a part that the message names is not installed or not configured.",
        next="Configure what the message names, or take out what asks for it.",
    ),
    TriageRule(
        "configuration that stops something",
        lambda f: _CONFIG(f.text),
        always(P.P1),
        "configuration is missing, and the message calls it critical",
        Case("REDIS_HOST required in staging", CRITICAL),
        Case("REDIS_HOST required in staging, using default", CRITICAL),
        next="Configure what the message names.",
    ),
    TriageRule(
        "optional part or deprecation",
        lambda f: not f.is_error and _OPTIONAL(f.text),
        always(P.P7),
        "hygiene: an optional part that is missing, or a deprecation; nothing ended after it",
        Case("Sentry SDK not available - install sentry-sdk to enable error tracking", WARNING),
        Case("Database is not available", WARNING),
        impact="None known.",
    ),
    TriageRule(
        "optional part, at a high severity",
        lambda f: _OPTIONAL_HIGH(f.text),
        always(P.P7),
        "an optional part that is missing; nothing ended after it",
        Case("OpenTelemetry packages not available: No module named 'opentelemetry'"),
        Case("No module named 'opentelemetry'"),
    ),
    TriageRule(
        "missing module or syntax",
        lambda f: f.is_error and _START_WORDS(f.text),
        always(P.P1),
        "code or a part that a start needs is missing or broken; no end of a process was read",
        Case("No module named 'auth_service'"),
        Case("No modules were loaded, no error"),
        cause="Likely the image lacks a module, or the module's name has changed.",
        next="Compare the image's packages and the import with the revision before.",
    ),
    TriageRule(
        "wiring of the application",
        lambda f: f.is_error and _WIRING(f.text),
        always(P.P1),
        "parts of the application could not be put together; no end of a process was read",
        Case("Error creating bean with name 'dataSource'"),
        Case("Created bean with name 'dataSource'"),
        cause="Likely a part that the message names is missing or not configured.",
    ),
    TriageRule(
        "initialization",
        lambda f: f.is_error and _INITIALIZATION(f.text),
        always(P.P1),
        "a part that a start needs did not come up; no end of a process was read",
        Case("Database initialization timeout after 8.0s"),
        Case("Database initialization took 8.0s"),
        next="Look at the part that the message names, and at how long it was given.",
    ),
    TriageRule(
        "slow start",
        lambda f: not f.is_error and _INITIALIZATION(f.text),
        by_severity,
        "a part came up late; nothing ended after it",
        Case("startup did not reach 'services' within 1.2s - connections will wait", WARNING),
        Case("startup reached 'services'", WARNING),
        next="Look at the part that the message names, and at how long it was given.",
    ),
    TriageRule(
        "blocked attack",
        lambda f: not f.is_error and _SECURITY(f.text),
        always(P.P6),
        "an attempt that was blocked",
        Case("Blocked potential path traversal attempt from 169.254.169.126", WARNING),
        Case("Path not known", WARNING),
        impact="None: it was blocked.",
    ),
    TriageRule(
        "ordered shutdown",
        lambda f: not f.is_request and _SHUTDOWN(f.text),
        always(P.P8),
        "platform activity: an ordered shutdown",
        Case("Worker (pid:14) was sent SIGTERM!"),
        Case("Worker (pid:14) does not answer"),
    ),
)
"""Rules for what is missing before anything can work."""
