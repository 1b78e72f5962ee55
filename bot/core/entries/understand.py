"""Interprets one log entry: its message, kind and severity.

Entries have the JSON shape of `gcloud logging read --format=json`. The meaning is a function of
the text; except for access lines, it does not depend on the values of its digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from bot.core.entries import json_message, source_fields
from bot.core.model.values import JSON, Location, Severity
from bot.core.text import access_lines, frames, process_ends, stderr_words, tracebacks
from bot.core.text.fast_mask import masked
from bot.core.text.last_words import report_of
from bot.core.text.level_headers import Header, header, plain
from bot.core.text.level_names import NAMES
from bot.core.text.redact import redact
from bot.core.text.redact_rules import REDACTED
from bot.core.text.severity import UNKNOWN_STREAM, on_stderr, own_severity


class Kind(StrEnum):
    """The kind of entry a message came from. Messages of different kinds never share a cluster."""

    MESSAGE = "message"
    REQUEST = "request"
    AUDIT = "audit"
    TRACE = "trace"

    # Enum's own hash is written in Python, and this one is computed per message.
    __hash__ = str.__hash__


ACCESS_LOG = "access log"


class Key(NamedTuple):
    """Identifies a message: entries with equal keys have the same message."""

    kind: Kind
    masked: str
    place: str = ""
    """For a traceback: the innermost own function, without its line, since lines move.

    For an access line: `ACCESS_LOG`, since the request log has the same request, to count once.
    For the end of a process: `process_ends.ended`, and once counted the service.
    """


_clean = lru_cache(maxsize=4_096)(redact)
"""Cached redaction for masked routes, which are short and repeat."""


class Meaning(NamedTuple):
    """The interpretation of an entry, without its time and place.

    Apart from a request's client and status it does not depend on the digits in the text.
    """

    key: Key
    severity: Severity
    """The entry's own; else from the header, the access line or the traceback; else DEFAULT."""
    route: str | None = None
    """The route of a request, redacted."""
    piece: tracebacks.Piece | None = None
    """Set if the entry may be a fragment of a traceback; it must then be kept whole."""
    logged_request: bool = False
    """True for an entry of the request log, False for an access line that the server wrote."""


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


_LEVEL_WORD = re.compile(
    r"(?i)[\"']?(?:severity|level|levelname)[\"']?\s?[:=]\s?[\"']?([a-z]{3,11})\b"
)


def message(raw: JSON, *, error: bool = True) -> str:
    """Returns the entry's message, from whichever payload has one; empty if none does.

    With `error`, appends the error that the logger put in another field. Without it the message is
    closer to the text in the source code.
    """
    text = raw.get("textPayload")
    if isinstance(text, str):
        return text
    payload = raw.get("jsonPayload")
    if isinstance(payload, Mapping):
        return json_message.of_payload(payload, with_error=error)
    if isinstance(payload, str):
        return payload
    if "protoPayload" in raw:
        return _audit_message(_object(raw["protoPayload"]))
    if isinstance(raw.get("message"), str):
        return str(raw["message"])
    return ""


def _audit_message(payload: Mapping[str, object]) -> str:
    method = str(payload.get("methodName") or "audit log entry").removeprefix("google.cloud.run.")
    resource = str(payload.get("resourceName") or "")
    status = _object(payload.get("status")).get("message")
    words = f"{method} {resource}".strip()
    return f"{words}: {status}" if isinstance(status, str) and status else words


LONG = 65_536
"""Characters of a message that are interpreted: three quarters from its start and, in whole lines,
the rest from its end. Cloud Logging allows 256 KiB; the middle of that adds nothing."""


def _bounded(text: str) -> str:
    if len(text) <= LONG:
        return text
    tail = text[-LONG // 4 :]
    # Cut at a line break: half a line could hide a secret from its redaction rule.
    return (
        text[: LONG * 3 // 4] + tail[tail.find("\n") :] if "\n" in tail else text[: LONG * 3 // 4]
    )


def understand(
    text: str,
    masked: Callable[[str], str] = masked,
    own: Severity = Severity.DEFAULT,
    stderr: bool = False,
) -> Meaning:
    """Interprets a text; `own` is the entry's own severity. A pure function.

    `stderr`: the text was written to stderr, so its words count where it has no level.
    """
    text = plain(_bounded(text))
    head = header(text)
    words = text[head.length :] if head.length else text
    request = access_lines.from_text(words)
    if request is not None:
        level = own or _worst(request, head.severity)
        key = Key(Kind.REQUEST, _clean(request.key), ACCESS_LOG)
        return Meaning(key, level, _clean(request.route) or None)
    piece = tracebacks.piece(words)
    level = own or head.severity or _found(words, piece, stderr)
    if piece is None and not own:
        least = Severity.WARNING if head.severity else Severity.ERROR
        piece = tracebacks.loose_piece(words, level >= least, head.length > 0)
    end = "" if piece else process_ends.ended(words)
    return Meaning(Key(Kind.MESSAGE, masked(words), end), level, None, piece)


def _found(words: str, piece: tracebacks.Piece | None, stderr: bool) -> Severity:
    """Finds the severity of a text without a level: by its traceback, its fields, its words."""
    if piece is not None:
        middle = piece.kind is tracebacks.LineKind.MIDDLE
        return Severity.DEFAULT if middle else Severity.ERROR
    level = _named_level(words)
    return level or (stderr_words.severity(words) if stderr else level)


def _worst(request: access_lines.Request, level: Severity) -> Severity:
    """Combines an access line's level with its status; from 400 on the higher severity counts."""
    by_status = access_lines.severity(request.status)
    return max(level, by_status) if request.status >= 400 else level or by_status


def _named_level(text: str) -> Severity:
    """Returns the level that JSON or logfmt in a text names; DEFAULT for any other text."""
    if text[:1] not in _STRUCTURED_STARTS:
        return Severity.DEFAULT
    words = text[:200]
    lower = words.lower()
    if "level" in lower or "severity" in lower or not lower.isascii():
        word = _LEVEL_WORD.search(words)
        if word is not None:
            return NAMES.get(word[1].upper(), Severity.DEFAULT)
    return Severity.DEFAULT


_STRUCTURED_STARTS = frozenset("{[l")
"""First characters of texts that may name their level: JSON, a list, logfmt."""


def requested(
    http: Mapping[str, object],
    text: str,
    masked: Callable[[str], str] = masked,
    own: Severity = Severity.DEFAULT,
) -> Meaning:
    """Interprets an entry of the request log and the `text` beside its `httpRequest`."""
    request = access_lines.from_log(http)
    words = _clean(request.key)
    if text.strip():
        words = f"{words}: {understand(text, masked).key.masked}"
    level = own or access_lines.severity(request.status)
    return Meaning(Key(Kind.REQUEST, words), level, _clean(request.route), logged_request=True)


class Reader:
    """Interprets whole entries."""

    def __init__(self) -> None:
        """Caches masked messages, since tracebacks are long and repeat."""
        self.masked = lru_cache(maxsize=1_024)(masked)

    def read(self, raw: JSON) -> Meaning:
        """Interprets an entry. Never fails on unexpected values."""
        text, own = message(raw), own_severity(raw)
        http = raw.get("httpRequest")
        if isinstance(http, Mapping):
            return requested(http, text, self.masked, own)
        if "protoPayload" in raw:
            return Meaning(Key(Kind.AUDIT, self.masked(plain(_bounded(text)))), own)
        found = understand(text, self.masked, own, on_stderr(raw.get("logName")))
        if found.key.place == ACCESS_LOG and not raw.get("severity") and _is_composed(raw):
            by_status = understand(text, self.masked).severity
            if by_status >= Severity.WARNING:
                return found._replace(severity=max(own, by_status))
        return found


def _is_composed(raw: JSON) -> bool:
    """Returns whether the message is composed from fields: its level is that of no failure then."""
    payload = raw.get("jsonPayload")
    return isinstance(payload, Mapping) and not payload.get("message")


# --- for the report: computed for a few representatives only --------------------------------------


def title(raw: JSON, limit: int = 300) -> str:
    """Returns the message in one redacted line, without header, colours and extra blanks."""
    words = plain(_bounded(message(raw)))
    head = header(words)
    words = redact(words[head.length :])
    http = raw.get("httpRequest")
    if isinstance(http, Mapping):
        request = redact(str(access_lines.from_log(http)))
        words = f"{request}: {words}" if words.strip() else request
    piece = tracebacks.piece(words)
    access = None if isinstance(http, Mapping) else access_lines.from_text(words)
    if access is not None:
        words = redact(f"{access}, in the access log")
    elif piece and piece.message:
        # "http: panic serving 10.0.0.1:80: oh" has the panic's words already.
        known = piece.exception is None or piece.exception.removeprefix("panic: ") in piece.message
        said = piece.message.rstrip(" :")
        if known:
            words = piece.message
        elif piece.exception and piece.exception.endswith(f": {said}"):
            words = piece.exception  # fastify logs the error's own message as the message
        else:
            words = f"{said}: {piece.exception}"
    elif piece and piece.exception:
        words = piece.exception
    elif report := report_of(words):
        words = report
    elif quoted := _QUOTED.match(words):
        words = _unquoted(quoted)
    line = " ".join(words.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


_QUOTED = re.compile(r"\"((?:[^\"\\\n]|\\.){1,2000})\"(?= |$)([^\n]*)")
"""What is left of a logfmt line: a quoted message, and fields behind it."""
_ERROR_FIELD = re.compile(r" (?:error|err)=(?:\"((?:[^\"\\\n]|\\.){0,2000})\"|(\S+))")


def _unquoted(line: re.Match[str]) -> str:
    """Returns the message with its error, as a person would write them."""
    fields = line[2]
    found = _ERROR_FIELD.search(fields)
    words = line[1]
    if found is not None:
        fields = fields.replace(found[0], "")
        error = found[1] if found[1] is not None else found[2]
        words = words if error in ("", "<nil>", "nil", "null") else f"{words}: {error}"
    return f"{words}{fields}".replace('\\"', '"')


def body(raw: JSON) -> str:
    """Returns the whole message, redacted, its lines kept."""
    return redact(plain(_bounded(message(raw))))


_LIBRARY_FUNCTIONS = {"callHandlers", "_log", "handle", "emit", "_emit_log"}
_LIBRARY_MODULES = re.compile(
    r"^(?:logging(?:\.__init__|/__init__\.py)?|loguru(?:\..*)?|structlog(?:\..*)?|winston|pino"
    r"|log4j|slf4j|.*\.(?:unified_logging|logging_setup|logger))$"
)


def location(raw: JSON) -> Location | None:
    """Returns the source location; None if there is none or only the logging library's own."""
    payload = _object(raw.get("jsonPayload"))
    words = plain(_bounded(message(raw)))
    head: Header = header(words)
    for found in (
        _labelled(_object(payload.get("labels"))),
        _source(_object(raw.get("sourceLocation"))),
        _source(_object(payload.get("logging.googleapis.com/sourceLocation"))),
        _traced(words),
        frames.named_by(words),
        head.location,
        _labelled(payload),
        source_fields.location(payload),
        _named(payload),
    ):
        if found and not _is_library(found):
            return _redacted(found)
    return None


def _redacted(found: Location) -> Location:
    function = found.function and redact(found.function)[:300]
    return replace(found, module=redact(found.module)[:300], function=function or None)


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
    named = function if isinstance(function, str) else None
    return Location(module, named, _line(labels.get("line")))


def _source(source: Mapping[str, object]) -> Location | None:
    file = source.get("file")
    if not isinstance(file, str) or not file:
        return None
    function = source.get("function")
    named = function if isinstance(function, str) else None
    return Location(file, named, _line(source.get("line")))


def _traced(words: str) -> Location | None:
    piece = tracebacks.piece(words[header(words).length :])
    return piece.frame if piece else None


def _named(payload: Mapping[str, object]) -> Location | None:
    """Returns the logger's name if it is dotted, which by convention is a module."""
    for value in (_object(payload.get("context")).get("name"), payload.get("logger"),
                  payload.get("name")):  # fmt: skip
        if isinstance(value, str) and "." in value and " " not in value:
            return Location(value)
    return None


def judged_by_words(raw: JSON) -> str:
    """Returns why an entry without a level has the severity of its words; empty if it has not."""
    if not on_stderr(log := raw.get("logName")) or own_severity(raw):
        return ""
    first = plain(_bounded(message(raw))).partition("\n")[0]
    head = header(first)
    words = first[head.length :]
    if head.severity or tracebacks.piece(words) is not None or _named_level(words):
        return ""
    if not stderr_words.severity(words):
        return ""
    if log == UNKNOWN_STREAM:
        return "no level; says that something failed (stdout or stderr: unknown)"
    return "no level; came on stderr and says that something failed"


_SWALLOWED = re.compile(rf"=\s?{REDACTED}\b")


def swallows(text: str) -> bool:
    """Returns whether the service's own log filter replaced words of the message."""
    return bool(_SWALLOWED.search(text))
