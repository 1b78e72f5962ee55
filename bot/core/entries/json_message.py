"""Finds the message of a JSON payload, and the error and the traceback beside it.

Each logging library has its own field for each: the tables `MESSAGES`, `ERRORS` and `TRACES` list
them as paths, in the order in which they are tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import orjson

from bot.core.text import tracebacks
from bot.core.text.level_headers import plain

Path = tuple[str, ...]

MESSAGES: tuple[tuple[Path, str], ...] = (
    (("message",), "Cloud Logging, Winston, Logstash, ECS, zerolog, Monolog"),
    (("msg",), "pino, bunyan, logrus, zap, slog"),
    (("textPayload",), "a line of a file"),
    (("text",), "loguru"),
    (("event",), "structlog"),
    (("body",), "OpenTelemetry"),
    (("log",), "Docker"),
    (("body", "stringValue"), "OpenTelemetry"),
    (("body", "string_value"), "OpenTelemetry"),
    (("Body",), "OpenTelemetry"),
    (("fields", "message"), "tracing"),
    (("Message",), ".NET"),
    (("RenderedMessage",), "Serilog"),
    (("@m",), "Serilog, compact"),
    (("@message",), "hclog"),
    (("M",), "zap, short"),
    (("short_message",), "GELF"),
    (("MESSAGE",), "journald"),
    (("record", "message"), "loguru"),
    (("MessageTemplate",), "Serilog"),
    (("State", "Message"), ".NET"),
    (("err", "message"), "pino"),
    (("error", "message"), "ECS"),
    (("error.message",), "ECS"),
    (("exception", "message"), "Symfony, Spring"),
    (("context", "exception", "message"), "Monolog"),
    (("thrown", "message"), "Log4j"),
    (("errorMessage",), "functions"),
    (("error_message",), "functions"),
    (("error",), "lograge"),
    (("err",), "Go"),
    (("exception",), "Python, Java"),
)
"""Where loggers put the message: the path and who writes it."""
ERRORS: tuple[Path, ...] = (
    ("error",), ("err",), ("err", "message"), ("error.message",), ("exception", "message"),
    ("context", "exception", "message"), ("fields", "error"), ("fields", "err"),
    ("thrown", "message"), ("exception",), ("exception.message",),
    ("attributes", "exception.message"), ("Exception",), ("@x",), ("errorVerbose",),
)  # fmt: skip
"""Where loggers put a one-line error beside the message."""
TRACE_PATHS: tuple[Path, ...] = (
    ("stack_trace",), ("exc_info",), ("exception",), ("traceback",), ("stack",), ("stacktrace",),
    ("stackTrace",), ("StackTrace",), ("error.stack_trace",), ("error.stack",), ("@x",),
    ("Exception",), ("error", "traceback"), ("error", "stack"), ("error", "stack_trace"),
    ("err", "stack"), ("exception", "stacktrace"), ("exception", "stack_trace"),
    ("exception", "stackTrace"), ("exception", "stack"), ("exception", "traceback"),
    ("exception.stacktrace",), ("attributes", "exception.stacktrace"),
    ("thrown", "extendedStackTrace"), ("thrown", "stackTrace"), ("error_stack",), ("backtrace",),
    ("exception", "trace"), ("context", "exception", "trace"), ("context", "exception"),
    ("exception_details",), ("S",), ("full_message",), ("error",), ("errorVerbose",),
)  # fmt: skip
"""Where loggers put a traceback, as one text or as a list of lines."""


def of_payload(payload: Mapping[str, object], *, with_error: bool) -> str:
    """Returns the payload's message; with `with_error`, with the error in another field.

    A payload without a known message is shown as JSON, after the name of its event.
    """
    trace = _trace_of(payload)
    text = _message_of(payload, bool(trace))
    if not text and not trace:
        values = orjson.dumps(dict(payload), default=str, option=orjson.OPT_SORT_KEYS).decode()
        return f"{event}: {values}" if (event := _event_of(payload)) else values
    beside = _error_of(payload) if with_error and text else ""
    if beside and beside not in text and beside not in trace:
        text = f"{text}: {beside}"
    if trace and trace not in text:
        return f"{text}\n{trace}" if text else trace
    return text


def message_only(payload: Mapping[str, object]) -> bool:
    """Returns whether the payload's `message` alone is its meaning."""
    if not SPECIAL.isdisjoint(payload):
        return False
    context = payload.get("context")
    if isinstance(context, Mapping) and "exception" in context:
        return False
    error = payload.get("error")
    return (
        error is None
        or isinstance(error, int | float)
        or (isinstance(error, Mapping) and TRACED.isdisjoint(error))
    )


TRACED = frozenset({"traceback", "stack", "stack_trace"})


def _at(payload: object, path: Path) -> object:
    for key in path:
        if not isinstance(payload, Mapping):
            return None
        payload = payload.get(key)
    return payload


def _message_of(payload: Mapping[str, object], traced: bool) -> str:
    if isinstance(template := payload.get("@mt"), str) and not isinstance(payload.get("@m"), str):
        return _HOLE.sub(lambda hole: _value(payload, hole), template)
    text, from_error = "", False
    for path, _ in MESSAGES:
        value = _at(payload, path)
        if isinstance(value, str) and value.strip():
            text, from_error = value, any(part in _OF_ERRORS for part in path)
            break
        if len(path) == 1 and isinstance(value, Mapping) and path[0] not in _OF_ERRORS:
            inner = value.get("message")
            if isinstance(inner, str):
                text = inner
                break
    if from_error and traced:
        return ""  # the traceback ends with it
    if from_error and (request := _request_of(payload)):
        return f"{request}: {text}"
    if not traced and _OF_REQUESTS.fullmatch(text):
        return _request_of(payload) or text
    return text


_OF_ERRORS = frozenset({
    "err", "error", "error.message", "exception", "thrown", "errorMessage", "error_message",
})  # fmt: skip
_HOLE = re.compile(r"\{[@$]?(\w{1,60})(?:,-?\d{1,3})?(?::[^{}]{1,40})?\}")
"""A value in a message template: https://messagetemplates.org."""


def _value(payload: Mapping[str, object], hole: re.Match[str]) -> str:
    value = payload.get(hole[1])
    if value is None:
        value = _at(payload, ("Properties", hole[1]))
    return str(value) if isinstance(value, str | int | float) else hole[0]


_METHODS: tuple[Path, ...] = (
    ("method",), ("req", "method"), ("request", "method"), ("RequestMethod",), ("Method",),
    ("http", "request", "method"), ("http.request.method",), ("http_method",),
)  # fmt: skip
_PATHS: tuple[Path, ...] = (
    ("path",), ("url",), ("uri",), ("req", "url"), ("request", "uri"), ("request", "url"),
    ("RequestPath",), ("Path",), ("url", "path"), ("url.path",), ("http_path",),
)  # fmt: skip
_STATUSES: tuple[Path, ...] = (
    ("status",), ("statusCode",), ("status_code",), ("res", "statusCode"), ("response", "status"),
    ("response_code",), ("DownstreamStatus",), ("StatusCode",), ("http_status",),
    ("http", "response", "status_code"), ("http.response.status_code",),
)  # fmt: skip

SPECIAL = frozenset(path[0] for path in (*ERRORS, *TRACE_PATHS, *_STATUSES)) - {
    "error", "context",
} | {"@mt"}  # fmt: skip
"""Fields that may add to the meaning of a payload's `message`, besides those that `message_only`
looks into."""
"""Where servers put a request's method, path and status: Fastify, pino-http, Caddy, Traefik, Echo,
Envoy, ASP.NET, ECS."""
_OF_REQUESTS = re.compile(
    r"(?:http )?(?:request|response)?[ -]?"
    r"(?:completed|errored|aborted|finished|handled|served|processed|failed with an error)?"
    r"|(?:handled|served|http|completed|finished) (?:http )?request|access(?: log)?|\[?http\]?",
    re.IGNORECASE,
)
"""Messages that say nothing but that there was a request."""


def _request_of(payload: Mapping[str, object]) -> str:
    """Returns the request of a line that a server logs as JSON: `POST /orders 500`."""

    def first(paths: tuple[Path, ...], kinds: tuple[type, ...]) -> object:
        found = (_at(payload, path) for path in paths)
        return next((value for value in found if value and isinstance(value, kinds)), "")

    method, path = first(_METHODS, (str,)), first(_PATHS, (str,))
    status = first(_STATUSES, (int, float, str))
    if status and isinstance(payload.get("res"), Mapping) and not method:
        return f"Completed request {status}"
    if not method or not path or not status:
        return ""
    return f"{method} {path} {int(status) if isinstance(status, float) else status}"


_EVENT_KEYS = (
    "@type",
    "type",
    "kind",
    "eventType",
    "event_type",
    "status",
    "state",
    "reason",
    "code",
)
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{1,39}")


def _event_of(payload: Mapping[str, object]) -> str:
    """Names the event of a payload without a message: `AttemptFinished UNAVAILABLE`."""
    values = [value for key in _EVENT_KEYS if isinstance(value := payload.get(key), str)]
    words = [value.rpartition(".")[2] for value in values]
    return " ".join(word for word in words if _WORD.fullmatch(word))


def _error_of(payload: Mapping[str, object]) -> str:
    """Returns the error in a field beside the message, where Go's loggers put it; else empty."""
    for path in ERRORS:
        value = _at(payload, path)
        if isinstance(value, str) and value.strip() and "\n" not in value:
            return value.strip()
    return ""


def _trace_of(payload: Mapping[str, object]) -> str:
    """Returns the traceback in a field beside the message, as many libraries write it."""
    for path in TRACE_PATHS:
        for value in _as_text(_at(payload, path)):
            if "\n" in value and tracebacks.piece(plain(value)):
                kind = _at(payload, (*path[:-1], "class")) or _at(payload, (*path[:-1], "type"))
                return _headed(value, kind, _at(payload, (*path[:-1], "message")))
    return ""


def _headed(trace: str, kind: object, words: object) -> str:
    """Puts the exception before frames that come without it."""
    found = tracebacks.piece(plain(trace))
    if found is None or found.exception or found.message or not isinstance(words, str):
        return trace
    return f"{kind}: {words}\n{trace}" if isinstance(kind, str) else f"Error: {words}\n{trace}"


def _as_text(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(line, str) for line in value):
        yield "\n".join(line if line[:1].isspace() or not i else f"    {line}"
                        for i, line in enumerate(value))  # fmt: skip
