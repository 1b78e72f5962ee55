"""Triage table, part 4: mistakes in code, and disagreements between client and server."""

from __future__ import annotations

from bot.core.model.values import Priority, Severity
from bot.core.triage.facts import NOT_REACHED, Case, Phrases
from bot.core.triage.named import naming
from bot.core.triage.rule import (
    TriageRule,
    always,
    at_least,
    by_severity,
)

P = Priority
WARNING = Severity.WARNING

_PROTOCOL = Phrases(
    r"(?:invalid|unknown|unsupported|unexpected) (?:message|event|frame|packet|request) ?type"
    r"|need to call \"accept\"|protocol error|invalid frame|invalidprotocolbuffer"
    r"|err_http<\*>_protocol|malformed (?:frame|packet|http)"
)
_UNPARSABLE = Phrases(
    r"unexpected (?:end of|token)|(?:invalid|malformed|valid|in) json\b|jsondecodeerror"
    r"|cannot parse|failed to (?:parse|decode)|schema validation|jsonparseexception|parsererror"
    r"|invalid character .{0,20}looking for|cannot unmarshal|cannot deserialize"
    r"|malformed (?:json|xml|yaml|csv|input|url|uri|row)"
)
_PANIC = Phrases(r"panic serving|recovered from panic|panic recovered")
_ANSWERED_TWICE = Phrases(
    r"cannot set headers after|err_http_headers_sent|superfluous response\.writeheader"
    r"|response already (?:sent|started|committed)|unexpected asgi message|headers already sent"
)
_NOTHING = Phrases(
    r"cannot read propert|cannot set propert|undefined is not an object|nil pointer|null pointer"
    r"|nullpointerexception|invalid memory address|'nonetype' object|entry in nil map"
    r"|null is not an object|nonetype' (?:and|for|to)|undefined method .{1,60} for nil"
    r"|on null\b.{0,20}$|object reference not set to an instance"
)
_DRIFT = Phrases(
    r"has no attribute|unexpected keyword argument|can't be used in 'await'|is not a function"
    r"|missing \d* ?<?\*?>? ?required positional"
    r"|textual sql expression|nosuchmethod|no such method|attributeerror|nameerror"
    r"|typeerror(?!: (?:fetch failed|failed to fetch))"
    r"|classcastexception|is not callable|is not subscriptable|not iterable|was never awaited"
    r"|referenceerror|abstractmethoderror|incompatibleclasschange|interface conversion"
    r"|is not assignable"
)
_ENDLESS = Phrases(
    r"maximum call stack size exceeded|maximum recursion depth|recursionerror|stackoverflowerror"
    r"|stack overflow"
)
_VALUE = Phrases(
    r"keyerror|indexerror|valueerror|zerodivision|index out of range|out of bounds"
    r"|arithmeticexception|unicodedecodeerror|unicodeencodeerror|assertionerror|illegalargument"
    r"|illegalstate|rangeerror|numberformatexception|nosuchelement|concurrentmodification"
)
_VALIDATION = Phrases(
    r"validation ?error|(?<!token )validation failed|failed validation|validationexception|zoderror"
    r"|methodargumentnotvalid|unprocessable entity|constraintviolationexception"
)
_UNHANDLED = Phrases(
    r"unhandled ?(?:promise ?)?rejection|unhandled exception|exception in asgi application"
    r"|exception was never retrieved|uncaught error|unhandled error|task was destroyed"
)
_LEAK = Phrases(
    r"maxlistenersexceeded|possible eventemitter memory leak|unclosed (?:client|connect|file|sock)"
    r"|resourcewarning|connection leak|goroutine leak|was not closed"
    r"|leaked (?:semaphore|connection|goroutine|resource|file|socket|shared_memory)"
)
_SLOW = Phrases(
    r"slow query|slow request|slow sql|event loop (?:is |was )?(?:blocked|lag|delay)|took too long"
    r"|long gc pause|high latency|blocked for|thread starvation|took <\*>,? longer than"
)
_SENT = r"type:? ['\"`](\w[\w.:-]{0,60})['\"`]"
_AWAIT = naming(
    r"'(coroutine)' object|(can't be used in 'await')|(was never awaited)",
    "Likely an await is missing, or too much.",
)
_RETRY = Phrases(r"retrying|will retry|retry attempt|attempt <\*>|trying again|backing off")

CODE: tuple[TriageRule, ...] = (
    TriageRule(
        "protocol",
        lambda f: f.is_error and _PROTOCOL(f.text),
        always(P.P2),
        "client and server disagree on the protocol",
        Case("Invalid message type 'legacy_response': Unknown message type"),
        Case("message of type 'legacy_response' was not sent"),
        cause=naming(
            _SENT, "Likely a client sends {0}, which this version of the service does not know."
        ),
        next=naming(_SENT, "Find which client sends {0}."),
    ),
    TriageRule(
        "cannot be parsed",
        lambda f: f.is_error and _UNPARSABLE(f.text),
        by_severity,
        "what was read has not the form that the code expects",
        Case("json: cannot unmarshal string into Go struct field Price.amount of type int"),
        Case("parsed 3 rows"),
        cause=naming(
            r"Go struct field ([\w.]+)|\[\"([\w.]+)\"\]\)|at path \$?\.?([\w.]+)",
            "Likely {0} has another type or form than the code expects.",
        ),
    ),
    TriageRule(
        "panic in a request",
        lambda f: _PANIC(f.text),
        at_least(P.P2),
        "code panicked while it served a request; the process went on",
        Case("http: panic serving 10.0.0.1:5000: oh"),
        Case("http: Server closed"),
        impact="The request that it was serving was cut off.",
        tells_why=False,
    ),
    TriageRule(
        "answered twice",
        lambda f: _ANSWERED_TWICE(f.text),
        by_severity,
        "code answered a request twice, or too late",
        Case("Error [ERR_HTTP_HEADERS_SENT]: Cannot set headers after they are sent to the client"),
        Case("Headers are set"),
        cause="Likely a branch that answers and then goes on.",
    ),
    TriageRule(
        "nothing where a value was expected",
        lambda f: f.is_error and _NOTHING(f.text),
        always(P.P2),
        "code uses a value that is not there: null, nil, None or undefined",
        Case("TypeError: Cannot read properties of undefined (reading 'id')"),
        Case("reading of a pointer is undefined"),
        cause=naming(
            r"\((?:reading|setting) '([^'\n]{1,80})'\)|'NoneType' object has no attribute '(\w+)'"
            r"|because \"([^\"\n]{1,120})\" is null|undefined method [`']([\w?!=\[\]]+)' for nil"
            r"|function (\w+)\(\) on null",
            "Likely the value whose {0} is asked for is absent in a case that the code does not"
            " expect.",
        ),
    ),
    TriageRule(
        "API drift",
        lambda f: f.is_error and _DRIFT(f.text),
        always(P.P2),
        "code calls something that is not there: an API has changed",
        Case("'Session' object has no attribute 'configure'"),
        Case("'Session' object has 3 attributes"),
        cause=naming(
            r"(?<!'coroutine' object )has no attribute '(\w+)'|unexpected keyword argument '(\w+)'"
            r"|([\w.$\[\]]{1,80}) is not a function|NoSuchMethodError: '?([^'\n(]{1,120})"
            r"|missing \d+ required positional arguments?: '(\w+)'|undefined method [`'](\w+)'",
            "Likely “{0}” has changed or gone on one side only.",
            _AWAIT,
        ),
    ),
    TriageRule(
        "endless recursion",
        lambda f: f.is_error and _ENDLESS(f.text),
        always(P.P2),
        "code calls itself without an end",
        Case("RangeError: Maximum call stack size exceeded"),
        Case("call stack has 12 frames"),
    ),
    TriageRule(
        "validation",
        lambda f: _VALIDATION(f.text),
        by_severity,
        "what came in does not have the form that the code asks for",
        Case("pydantic ValidationError: 2 fields are wrong in Order"),
        Case("Order has 2 fields"),
        cause=naming(
            r"validation errors? for ([\w.]{1,60})|[Ss]chema(?: of)? \"?(\w{1,60})",
            "Likely what came in for {0} lacks a field or has another form.",
        ),
    ),
    TriageRule(
        "mistake in the code",
        lambda f: f.is_error and _VALUE(f.text) and not NOT_REACHED(f.text),
        by_severity,
        "code met a value that it was not written for",
        Case("KeyError: 'lamp'"),
        Case("no key for the lamp"),
    ),
    TriageRule(
        "leak",
        lambda f: not f.is_error and f.severity >= WARNING and _LEAK(f.text),
        by_severity,
        "something is opened and not closed",
        Case("MaxListenersExceededWarning: 11 close listeners added", WARNING),
        Case("11 listeners added", WARNING),
        cause="Likely a leak: each of them takes memory until the instance ends.",
    ),
    TriageRule(
        "slow",
        lambda f: f.severity >= WARNING and _SLOW(f.text),
        by_severity,
        "something takes longer than it should",
        Case("Slow query: SELECT took 8123 ms", WARNING),
        Case("Query took 3 ms", WARNING),
    ),
    TriageRule(
        "tries again",
        lambda f: not f.is_error and f.severity >= WARNING and _RETRY(f.text),
        by_severity,
        "it tries again; nothing was given up",
        Case("Retrying in 4s after connection reset", WARNING),
        Case("Giving up after 4 tries", WARNING),
    ),
)
"""Rules for what the code itself does wrong."""

UNHANDLED: tuple[TriageRule, ...] = (
    TriageRule(
        "nobody handled it",
        lambda f: f.is_error and _UNHANDLED(f.text),
        by_severity,
        "an error that no code handled",
        Case("UnhandledPromiseRejection: oh"),
        Case("promise was rejected and handled"),
        next="Find what raised it in the traceback, and handle it there.",
    ),
)
"""After all others: the error that nobody handled may say why itself."""
