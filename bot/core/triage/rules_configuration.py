"""Triage table, part 3: configuration, optional parts and what a start needs."""

from __future__ import annotations

from collections.abc import Callable

from bot.core.model.values import Priority, Severity
from bot.core.triage.facts import NOT_REACHED, Case, Facts, Phrases
from bot.core.triage.missing_settings import matches as missing
from bot.core.triage.missing_settings import names as setting_names
from bot.core.triage.named import MODULE, TABLE, naming
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
    r"|invalid api key|incorrect api key|secret .{0,20}projects/.{0,160}not found"
    r"|secret (?:version )?['\"\[]\S{1,120} (?:was )?not found"
)
_TLS = Phrases(
    r"certificate has expired|certificate_verify_failed|certificate verify failed|x<\*>: "
    r"|self[- ]signed certificate|unable to verify the first certificate|sslhandshakeexception"
    r"|pkix path building failed|unable_to_verify_leaf_signature|tls handshake"
)
_SCHEMA = Phrases(
    r"relation .{0,80}does not exist|no such table|unknown column|undefinedtable|undefinedcolumn"
    r"|column .{0,80}does not exist|table ['\"`].{1,80}doesn't exist|invalid object name"
)
_MIGRATION = Phrases(
    r"migration .{0,80}failed|failed .{0,40}migration|flywayexception|can't locate revision"
    r"|multiple head revisions|liquibase.{0,60}exception"
)
_NAMED = r"(?:\b\w{0,40}_\w{1,40}|[\"'`][\w.:-]{1,80}[\"'`]|\b\w{1,40}\.\w[\w.]{0,80})"
"""A word that looks like a setting's name, in lower case."""
_CONFIG = Phrases(
    r"must be (?:installed|configured)"
    rf"|{_NAMED} must be (?:set|defined|provided)|{_NAMED} is not set|{_NAMED} not set\b"
    rf"|{_NAMED} required in \w+"
    r"|(?:variable|setting|property|option|flag|key|secret|token|url|dsn|host|port|credentials|region"
    r"|bucket|project)s? (?:is |are )?not (?:set|configured|defined)|not configured|misconfig"
    r"|uri mismatch|id mismatch|contain(?:s|ed) (?:trailing |leading )?whitespace"
    r"|configuration mismatch|missing (?:config|setting|environment)"
    r"|(?:missing|undefined|unset|unknown|invalid|no such) (?:\w+ )?env(?:ironment)? var"
    r"|env(?:ironment)? var(?:iable)?s? .{0,80}(?:missing|not |required|empty|undefined"
    r"|invalid|must)"
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
    r"|indentationerror|f-string:|classnotfound|noclassdeffound|err_module_not_found"
    r"|syntaxerror(?!.{0,200}\bjson\b)(?!.{0,200}\bsql\b)|cannot load such file"
    r"|uninitialized constant"
    r"|cannot find package|unsupportedclassversionerror|undefined symbol|loading shared librar"
    r"|shared object file: no such file|could not load file or assembly"
    r"|class \".{1,120}\" not found"
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
    r"path traversal|sql injection|\bxss\b|\bcsrf (?:token|cookie|check|verification|fail)"
    r"|brute.?force|blocked .{0,30}(?:attempt|request)"
    r"|\battack (?:was |is )?(?:blocked|detected|prevented|attempt)"
)
_SHUTDOWN = Phrases(r"was sent sigterm|shutting down|handling signal|graceful(?:ly)? shut")

_NOT_ORDERED = Phrases(
    r"(?:error|failed|exception|unable|lost|dropped|unclean|forced) .{0,40}shutting down"
    r"|(?:database|system|server|broker|node|peer) (?:\w+ )?is shutting down"
    r"|shutting down .{0,60}(?:due to|because|after|failed|error|exception|lost|dropped)"
)
_SETTING = r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b"
_SIDES = r"\b(\w{1,40}(?: \w{1,20})?) mismatch"
_PART = r"\b([A-Z]\w{2,60}|[\w.\-]{3,60}) must be installed"
_PIECE = (
    r"(?:^|: |the )(\w{2,40}(?: \w{2,40})?) initiali[sz]ation|initiali[sz]e (\w[\w.]{1,60})"
    r"|did not reach '([^'\n]{1,60})'"
)
_NONE_TAKEN = Phrases(r"not required|optional|using default|defaulting|fallback|falling back")


def _setting(facts: Facts) -> bool:
    """True for an error about missing or wrong settings, unless a default was used."""
    tolerated = _TOLERATED(facts.text) or _NONE_TAKEN(facts.text)
    serious = facts.is_error or not facts.severity
    return serious and not facts.is_request and not tolerated and missing(facts.words)


def _unparsed(facts: Facts) -> str | None:
    return "Likely the code was deployed with a syntax error." if "syntax" in facts.text else None


def _names(text: str, otherwise: str) -> Callable[[Facts], str | None]:
    def find(facts: Facts) -> str | None:
        found = setting_names(facts.words)
        return text.format(", ".join(found)) if found else otherwise or None

    return find


SETUP: tuple[TriageRule, ...] = (
    TriageRule(
        "missing setting",
        _setting,
        lambda f: P.P1 if f.severity >= CRITICAL else P.P2,
        "a setting that the service needs is missing or wrong",
        Case("Could not resolve placeholder 'payment.api.url' in value \"${payment.api.url}\""),
        Case("Could not resolve placeholder 'payment.api.url', using default", WARNING),
        cause=_names(
            "Likely missing or wrong in this revision's settings: {0}.",
            "Likely a setting or environment variable is missing in this revision.",
        ),
        next=_names(
            "Set {0} on the service (environment variable or secret), and deploy again.",
            "Compare this revision's environment variables with those of the one before.",
        ),
    ),
    TriageRule(
        "credentials of the service",
        lambda f: f.is_error and not f.is_request and _CREDENTIALS(f.text),
        always(P.P1),
        "the service itself is not let in where it asks: its credentials are missing or refused",
        Case('pq: password authentication failed for user "app"'),
        Case("password is too short"),
        cause=naming(
            r"authentication failed for user \"?'?([\w.@-]{1,80})|denied for user '?([\w.]{1,80})",
            "Likely a secret with the password of {0} is missing, rotated or misspelt.",
            naming(
                r"[Ss]ecret \[?'?\"?(?:projects/[^/\s]{1,80}/secrets/)?([\w-]{1,100})",
                "Likely the secret {0} is missing, or the service account may not read it.",
                "Likely a secret or the service account's role is missing, rotated or misspelt.",
            ),
        ),
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
        cause=naming(
            TABLE,
            "Likely a migration that makes {0} has not run on this database.",
            "Likely a migration that has not run, or ran without this revision.",
        ),
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
        cause=naming(
            _SETTING,
            "Likely {0} was stored with a space or a trailing newline.",
            "Likely a value was stored with a space or a trailing newline.",
        ),
        next=naming(
            _SETTING,
            "Store {0} again; check the secret for a trailing newline.",
            "Check the secret for a trailing newline.",
        ),
    ),
    TriageRule(
        "settings that differ, tolerated",
        lambda f: _DIFFERS(f.text) and (f.severity < CRITICAL or _TOLERATED(f.text)),
        always(P.P4),
        "configuration that is wrong but tolerated: nothing ended after it",
        Case("OAuth URI mismatch (non-critical in staging)", CRITICAL),
        Case("OAuth URI mismatch", CRITICAL),
        cause=naming(
            _SIDES,
            "Likely two places hold different values for the {0}.",
            "Likely two places hold different values for it.",
        ),
        next="Compare both values, and correct the one that is wrong.",
    ),
    TriageRule(
        "configuration, tolerated",
        lambda f: _CONFIG(f.text) and (f.severity < CRITICAL or _TOLERATED(f.text)),
        always(P.P4),
        "configuration that is wrong but tolerated: nothing ended after it",
        Case("SessionMiddleware must be installed to access request.session", WARNING),
        Case("REDIS_HOST required in staging", CRITICAL),
        cause=naming(
            _PART,
            "Likely {0} is not installed.",
            _names("Likely not configured: {0}.", ""),
        ),
        next=naming(
            _PART,
            "Install {0}, or stop using what needs it.",
            _names("Set {0}, or remove what reads it.", ""),
        ),
    ),
    TriageRule(
        "configuration that stops something",
        lambda f: _CONFIG(f.text),
        always(P.P1),
        "configuration is missing, and the message calls it critical",
        Case("no exporters configured", CRITICAL),
        Case("REDIS_HOST required in staging, using default", CRITICAL),
        cause=_names("Likely not configured: {0}.", ""),
        next=_names("Set {0}.", ""),
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
        cause=naming(
            MODULE,
            "Likely the image lacks {0}, or its name has changed.",
            _unparsed,
        ),
        next=naming(
            MODULE,
            "Add {0} to what the image installs or copies, or correct the import.",
            "Fix the line that the traceback names.",
        ),
    ),
    TriageRule(
        "wiring of the application",
        lambda f: f.is_error and _WIRING(f.text) and not NOT_REACHED(f.text),
        always(P.P1),
        "parts of the application could not be put together; no end of a process was read",
        Case("Error creating bean with name 'dataSource'"),
        Case("Created bean with name 'dataSource'"),
        cause=naming(
            r"bean with name '([\w.]{1,100})'|dependencies of the (\w{1,80})"
            r"|bean of type '([\w.$]{1,160})'|partially initialized module '([\w.]{1,100})'",
            "Likely something that {0} needs is missing or not configured.",
        ),
    ),
    TriageRule(
        "initialization",
        lambda f: f.is_error and _INITIALIZATION(f.text),
        always(P.P1),
        "a part that a start needs did not come up; no end of a process was read",
        Case("Database initialization timeout after 8.0s"),
        Case("Database initialization took 8.0s"),
        next=naming(_PIECE, "Look at what {0} waits for, and at how long it was given."),
    ),
    TriageRule(
        "slow start",
        lambda f: not f.is_error and _INITIALIZATION(f.text),
        by_severity,
        "a part came up late; nothing ended after it",
        Case("startup did not reach 'services' within 1.2s - connections will wait", WARNING),
        Case("startup reached 'services'", WARNING),
        next=naming(_PIECE, "Look at what {0} waits for, and at how long it was given."),
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
        lambda f: not f.is_request and _SHUTDOWN(f.text) and not _NOT_ORDERED(f.text),
        always(P.P8),
        "platform activity: an ordered shutdown",
        Case("Worker (pid:14) was sent SIGTERM!"),
        Case("Worker (pid:14) does not answer"),
    ),
)
"""Rules for what is missing before anything can work."""
