"""Reading one log entry: what it says, and how bad it is.

An entry comes in the JSON shape of `gcloud logging read --format=json`. What it says is a function
of its text; and but for access lines, of its text with every digit as a zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import orjson

from bot.core.model.values import JSON, Location, Severity
from bot.core.text import access_lines, tracebacks
from bot.core.text.fast_mask import masked
from bot.core.text.level_headers import (
    NAMES,
    Header,
    header,
    plain,
)
from bot.core.text.redact import redact
from bot.core.text.redact_rules import REDACTED
from bot.core.text.severity import own_severity


class Kind(StrEnum):
    """Which payload a message came from. Messages of different kinds never share a cluster."""

    MESSAGE = "message"
    REQUEST = "request"
    AUDIT = "audit"
    TRACE = "trace"

    # Enum's own is not written in C, and this is asked for every message.
    __hash__ = str.__hash__


class Key(NamedTuple):
    """What two entries must share to say the same thing."""

    kind: Kind
    masked: str
    place: str = ""
    """Of a traceback: the innermost own function, without its line, which moves."""


_clean = lru_cache(maxsize=4_096)(redact)
"""Of routes, whose values are slots: they come again and again, and are short."""


class Meaning(NamedTuple):
    """What an entry says, apart from when and where. All but who asked, and which status the
    answer had, is the same whichever digits stand in its text."""

    key: Key
    severity: Severity
    """Its own; else from the header, the access line or the traceback, or else DEFAULT."""
    route: str | None = None
    """A request's, redacted."""
    piece: tracebacks.Piece | None = None
    """It may be a fragment of a traceback, and must be kept as it is."""
    logged_request: bool = False
    """An entry of the request log, not an access line that the server wrote."""


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


_MESSAGE_KEYS = ("message", "msg", "textPayload", "text", "event", "body", "log")
_LEVEL_WORD = re.compile(
    r"(?i)[\"']?(?:severity|level|levelname)[\"']?\s?[:=]\s?[\"']?([a-z]{3,11})\b"
)


def message(raw: JSON, *, error: bool = True) -> str:
    """The entry's own words: of the payload that holds any; empty where none does.

    With the error that a logger wrote beside them, unless only what stands in the code is asked.
    """
    text = raw.get("textPayload")
    if isinstance(text, str):
        return text
    payload = raw.get("jsonPayload")
    if isinstance(payload, Mapping):
        return _json_message(payload, with_error=error)
    if isinstance(payload, str):
        return payload
    if "protoPayload" in raw:
        return _audit_message(_object(raw["protoPayload"]))
    if isinstance(raw.get("message"), str):
        return str(raw["message"])
    return ""


def _json_message(payload: Mapping[str, object], *, with_error: bool) -> str:
    text = ""
    for key in _MESSAGE_KEYS:
        value = payload.get(key)
        if isinstance(value, str) and value.strip():
            text = value
            break
        if isinstance(value, Mapping) and isinstance(value.get("message"), str):
            text = str(value["message"])
            break
    trace = _trace_of(payload)
    if not text and not trace:
        error = _object(payload.get("error")).get("message")
        text = str(error) if isinstance(error, str) and error else ""
    if not text and not trace:
        values = orjson.dumps(payload, default=str, option=orjson.OPT_SORT_KEYS).decode()
        return f"{said}: {values}" if (said := _said_by(payload)) else values
    beside = _error_of(payload) if with_error and text else ""
    if beside and beside not in text and beside not in trace:
        text = f"{text}: {beside}"
    if trace and trace not in text:
        return f"{text}\n{trace}" if text else trace
    return text


_TELLING = ("@type", "type", "kind", "eventType", "event_type", "status", "state", "reason", "code")
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{1,39}")


def _said_by(payload: Mapping[str, object]) -> str:
    """What a payload without a message says happened: `AttemptFinished UNAVAILABLE`."""
    values = [value for key in _TELLING if isinstance(value := payload.get(key), str)]
    words = [value.rpartition(".")[2] for value in values]
    return " ".join(word for word in words if _WORD.fullmatch(word))


def _error_of(payload: Mapping[str, object]) -> str:
    """What went wrong, where it stands beside the message: Go's loggers write it there."""
    err = payload.get("err")
    for value in (payload.get("error"), err, _object(err).get("message")):
        if isinstance(value, str) and value.strip() and "\n" not in value:
            return value.strip()
    return ""


def _trace_of(payload: Mapping[str, object]) -> str:
    """A traceback that stands beside the message, as many libraries write it."""
    error = _object(payload.get("error"))
    err = _object(payload.get("err"))
    for value in (
        payload.get("stack_trace"), payload.get("exc_info"), payload.get("exception"),
        payload.get("traceback"), payload.get("stack"), payload.get("stacktrace"),
        error.get("traceback"), error.get("stack"), err.get("stack"),
    ):  # fmt: skip
        if isinstance(value, str) and "\n" in value and tracebacks.piece(plain(value)):
            return value
    return ""


def _audit_message(payload: Mapping[str, object]) -> str:
    method = str(payload.get("methodName") or "audit log entry").removeprefix("google.cloud.run.")
    resource = str(payload.get("resourceName") or "")
    status = _object(payload.get("status")).get("message")
    words = f"{method} {resource}".strip()
    return f"{words}: {status}" if isinstance(status, str) and status else words


LONG = 65_536
"""Characters of a message that are looked at: three quarters at its beginning, the rest, in whole
lines, at its end. Cloud Logging takes 256 KiB; nobody says something new in the middle of that."""


def _bounded(text: str) -> str:
    if len(text) <= LONG:
        return text
    tail = text[-LONG // 4 :]
    # A line that is cut in two could hide half of a secret from its rule.
    return (
        text[: LONG * 3 // 4] + tail[tail.find("\n") :] if "\n" in tail else text[: LONG * 3 // 4]
    )


def understand(
    text: str, masked: Callable[[str], str] = masked, own: Severity = Severity.DEFAULT
) -> Meaning:
    """What a message says; a pure function of the text and of the severity beside it."""
    text = plain(_bounded(text))
    head = header(text)
    words = text[head.length :] if head.length else text
    request = access_lines.from_text(words)
    if request is not None:
        level = own or _worst(request, head.severity)
        return Meaning(Key(Kind.REQUEST, _clean(request.key)), level, _clean(request.route))
    piece = tracebacks.piece(words)
    level = own or head.severity
    if not level:
        if piece and piece.kind is not tracebacks.LineKind.MIDDLE:
            level = Severity.ERROR
        elif words[:1] in _STRUCTURED:
            level = _named_level(words[:200])
    return Meaning(Key(Kind.MESSAGE, masked(words)), level, None, piece)


def _worst(request: access_lines.Request, level: Severity) -> Severity:
    """A status of 400 and more says more than the level of an access line."""
    said = access_lines.severity(request.status)
    return max(level, said) if request.status >= 400 else level or said


def _named_level(words: str) -> Severity:
    lower = words.lower()
    if "level" in lower or "severity" in lower or not lower.isascii():
        word = _LEVEL_WORD.search(words)
        if word is not None:
            return NAMES.get(word[1].upper(), Severity.DEFAULT)
    return Severity.DEFAULT


_STRUCTURED = frozenset("{[l")
"""How a text begins that may name its level: JSON, a list, logfmt."""


def requested(
    http: Mapping[str, object],
    text: str,
    masked: Callable[[str], str] = masked,
    own: Severity = Severity.DEFAULT,
) -> Meaning:
    """What an entry of the request log says, and the words beside it."""
    request = access_lines.from_log(http)
    words = _clean(request.key)
    if text.strip():
        words = f"{words}: {understand(text, masked).key.masked}"
    level = own or access_lines.severity(request.status)
    return Meaning(Key(Kind.REQUEST, words), level, _clean(request.route), logged_request=True)


class Reader:
    """Understands whole entries."""

    def __init__(self) -> None:
        """Remembers the masks of messages: a traceback that comes again is long."""
        self.masked = lru_cache(maxsize=1_024)(masked)

    def read(self, raw: JSON) -> Meaning:
        """What an entry says. Never fails on odd values."""
        text, own = message(raw), own_severity(raw)
        http = raw.get("httpRequest")
        if isinstance(http, Mapping):
            return requested(http, text, self.masked, own)
        if "protoPayload" in raw:
            return Meaning(Key(Kind.AUDIT, self.masked(plain(_bounded(text)))), own)
        return understand(text, self.masked, own)


# --- for the report: asked of a few representatives only ------------------------------------------


def title(raw: JSON, limit: int = 300) -> str:
    """One line in the message's own words, redacted: header and colours gone, blanks folded."""
    words = plain(_bounded(message(raw)))
    head = header(words)
    words = redact(words[head.length :])
    http = raw.get("httpRequest")
    if isinstance(http, Mapping):
        request = redact(str(access_lines.from_log(http)))
        words = f"{request}: {words}" if words.strip() else request
    piece = tracebacks.piece(words)
    if (access := access_lines.from_text(words)) is not None:
        words = redact(f"{access}, in the access log")
    elif piece and piece.message:
        words = f"{piece.message}: {piece.exception}" if piece.exception else piece.message
    elif piece and piece.exception:
        words = piece.exception
    line = " ".join(words.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


_LIBRARY_FUNCTIONS = {"callHandlers", "_log", "handle", "emit", "_emit_log"}
_LIBRARY_MODULES = re.compile(
    r"^(?:logging(?:\.__init__|/__init__\.py)?|loguru(?:\..*)?|structlog(?:\..*)?|winston|pino"
    r"|log4j|slf4j|.*\.(?:unified_logging|logging_setup|logger))$"
)


def location(raw: JSON) -> Location | None:
    """Where the message was written; None where only the logging library itself is named."""
    payload = _object(raw.get("jsonPayload"))
    words = plain(_bounded(message(raw)))
    head: Header = header(words)
    for found in (
        _labelled(_object(payload.get("labels"))),
        _source(_object(raw.get("sourceLocation"))),
        _source(_object(payload.get("logging.googleapis.com/sourceLocation"))),
        _traced(words),
        head.location,
        _labelled(payload),
        _named(payload),
    ):
        if found and not _is_library(found):
            return found
    return None


def _is_library(found: Location) -> bool:
    return bool(_LIBRARY_MODULES.match(found.module)) or (
        found.function in _LIBRARY_FUNCTIONS and "log" in found.module.lower()
    )


def _line(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def _labelled(labels: Mapping[str, object]) -> Location | None:
    module = labels.get("module")
    if not isinstance(module, str) or not module:
        return None
    function = labels.get("function")
    return Location(
        redact(module)[:300],
        redact(function)[:300] if isinstance(function, str) else None,
        _line(labels.get("line")),
    )


def _source(source: Mapping[str, object]) -> Location | None:
    file = source.get("file")
    if not isinstance(file, str) or not file:
        return None
    function = source.get("function")
    return Location(
        redact(file)[:300],
        redact(function)[:300] if isinstance(function, str) and function else None,
        _line(source.get("line")),
    )


def _traced(words: str) -> Location | None:
    piece = tracebacks.piece(words[header(words).length :])
    return piece.frame if piece else None


def _named(payload: Mapping[str, object]) -> Location | None:
    """The logger's name, where it is a dotted one: a module by custom."""
    for value in (_object(payload.get("context")).get("name"), payload.get("logger"),
                  payload.get("name")):  # fmt: skip
        if isinstance(value, str) and "." in value and " " not in value:
            return Location(redact(value)[:300])
    return None


_SWALLOWED = re.compile(rf"=\s?{REDACTED}\b")


def swallows(text: str) -> bool:
    """Whether the service's own filter has replaced words of this message (worklog case 1)."""
    return bool(_SWALLOWED.search(text))
