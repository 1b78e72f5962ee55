"""Recognises fragments of tracebacks, and extracts their exception and innermost own frame.

Cloud Run logs whatever a process prints, so a traceback may arrive as one entry, as one entry per
exception of the chain, or as one entry per line. `piece` classifies one text on its own, so that
results can be cached and do not depend on the order of entries; `rollup.stitch` joins the pieces
of one instance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from bot.core.model.values import Location

MAX_LINE = 2_000


class LineKind(Enum):
    """Which part of a traceback a text is."""

    OPENING = "opening"
    """Starts a traceback: `Traceback (most recent call last):`, with or without its frames."""
    LINK = "link"
    """The sentence between two exceptions of a chain."""
    MIDDLE = "middle"
    """A frame or its source line: meaningless without an opening before it."""
    ENDING = "ending"
    """The line that names the exception: meaningful on its own."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a traceback that one entry holds."""

    kind: LineKind
    exception: str | None = None
    """`ModuleNotFoundError: No module named 'x'`, if this text contains it."""
    frame: Location | None = None
    """The innermost frame of the service's own code in this text."""
    message: str | None = None
    """The log message before the traceback, if one log call wrote both."""


_PY_OPEN = re.compile(
    r"(?:\s{0,8}\+ )?(?:\s{0,12}\| )?(?:Exception Group )?Traceback \(most recent call last\):"
)
_LINKS = (
    "During handling of the above exception, another exception occurred",
    "The above exception was the direct cause of the following exception",
)
_BEGINNINGS = (
    *_LINKS, "Traceback ", "Exception Group Traceback ", "goroutine ", "panic: ", "fatal error: ",
    "Caused by: ", "[signal SIG", "created by ",
)  # fmt: skip
"""Prefixes of unindented traceback lines other than the exception's own line."""
_FIRST_CHARS = frozenset(" \t|+") | {beginning[0] for beginning in _BEGINNINGS}
"""First characters of traceback lines: indentation, or the start of one of `_BEGINNINGS`."""
_PY_FRAME = re.compile(
    r'\s{0,40}[|+]?\s{0,8}File "([^"\n]{1,400})", line (\d{1,8})(?:, in ([^\n]{1,200}))?'
)
_JS_FRAME = re.compile(
    r"\s{1,16}at (?:(?:async |new )?([\w$.<>\[\] ]{1,200}) \()?"
    r"((?:file://|node:|/|[A-Za-z]:\\|\.{0,2}/|webpack)[^\s()]{1,400}):(\d{1,8}):\d{1,8}\)?\s{0,4}$"
)
_JAVA_FRAME = re.compile(
    r"\s{1,16}at ([\w.$/<>@-]{1,300})\.([\w$<>]{1,200})\(([^():]{1,200})(?::(\d{1,8}))?\)"
)
_GO_FRAME = re.compile(r"\s{1,8}(/[^\s:]{1,400}\.go):(\d{1,8})(?: \+0x[0-9a-f]{1,16})?$")
_GO_OPEN = re.compile(r"(?:goroutine \d{1,12} \[[^\]\n]{1,80}\]:)")
_GO_PANIC = re.compile(r"(?:panic|fatal error): [^\n]{1,2000}")
_EXCEPTION = re.compile(
    r"(?:[|+]\s{0,8})?(?:Uncaught |Unhandled |Exception in thread \"[^\"\n]{1,100}\" )?"
    r"(?:[A-Za-z_][\w]{0,80}[.$]){0,12}"
    r"(?:[A-Z]\w{0,80}(?:Error|Exception|Exit|Interrupt|Warning|Timeout|Iteration|Failure|Refused"
    r"|Denied|NotFound|DoesNotExist|Conflict|Group)"
    r"|KeyboardInterrupt|SystemExit|Error|Throwable)"
    r"(?: \[\w{1,60}\])?(?:: ?[^\n]{0,2000}|)$"
)
_GO_CALL = re.compile(r"[\w./@-]{1,200}\.[\w.()*\[\]-]{1,200}\((?:\{?0x[^\n]{0,1000}|\.\.\.)?\)$")
"""A call in a goroutine's stack, with its arguments as hexadecimal words."""
_CAUSED_BY = re.compile(r"\s{0,8}(?:Caused by|\[cause\]): ([^\n]{1,2000})")
_AFTER = ("at ", "... ", "Caused by: ", "Suppressed: ", "[cause]: ")
_MORE = re.compile(r"\s{1,16}\.{3} \d{1,6} (?:more|common frames omitted)")
_DEPENDENCY = re.compile(
    r"site-packages|dist-packages|/usr/(?:local/)?lib/|/lib/python\d|<frozen|<string>|node_modules"
    r"|node:|/pyenv/|/\.venv/|/go/pkg/mod/|/usr/local/go/|internal/process|webpack/"
)
_JAVA_DEPENDENCY = re.compile(
    r"(?:java|javax|jdk|sun|com\.sun|kotlin|scala|jakarta|org\.(?:springframework|apache|hibernate"
    r"|eclipse|jboss)|io\.(?:netty|grpc|undertow)|reactor|akka|com\.(?:google|fasterxml|zaxxer))\."
)
_ROOTS = re.compile(r"^(?:file://)?(?:/app/|/workspace/|/usr/src/app/|/srv/|/code/|/opt/app/|\./)")


def _python_location(path: str, line: str, function: str | None) -> Location | None:
    if _DEPENDENCY.search(path):
        return None
    path = _ROOTS.sub("", path)
    if path.endswith(".py"):
        path = path.removesuffix(".py").removesuffix("/__init__").strip("/").replace("/", ".")
    return Location(path, function.strip() if function else None, int(line))


def own_frames(lines: Iterable[str]) -> list[Location]:
    """Returns the frames of the service's own code, in the order of the text."""
    found: list[Location] = []
    for text in lines:
        line = text[:MAX_LINE]
        location: Location | None = None
        if python := _PY_FRAME.match(line):
            location = _python_location(python[1], python[2], python[3])
        elif js := _JS_FRAME.match(line):
            if not _DEPENDENCY.search(js[2]):
                location = Location(_ROOTS.sub("", js[2]), js[1], int(js[3]))
        elif java := _JAVA_FRAME.match(line):
            # Spring prints a proxy (`$$`) without a line number before the class that it wraps.
            if not _JAVA_DEPENDENCY.match(java[1]) and "$$" not in java[1]:
                location = Location(java[1], java[2], int(java[4]) if java[4] else None)
        elif (go := _GO_FRAME.match(line)) and not _DEPENDENCY.search(go[1]):
            location = Location(_ROOTS.sub("", go[1]), None, int(go[2]))
        if location is not None:
            found.append(location)
    return found


def _innermost(lines: Sequence[str]) -> Location | None:
    frames = own_frames(lines)
    if not frames:
        return None
    # Python prints the innermost frame last; everyone else prints it first.
    python = any(_PY_FRAME.match(line[:MAX_LINE]) for line in lines)
    return frames[-1] if python else frames[0]


def is_exception(line: str) -> bool:
    """Returns whether the line names an exception: `ValueError: bad`, `java.io.IOException: x`."""
    return len(line) <= MAX_LINE and _EXCEPTION.match(line) is not None


def _is_frame(line: str) -> bool:
    head = line[:MAX_LINE]
    return any(form.match(head) for form in (_PY_FRAME, _JS_FRAME, _JAVA_FRAME, _GO_FRAME, _MORE))


def piece(text: str) -> Piece | None:
    """Classifies the text as a part of a traceback; None for an ordinary message.

    A message that a log call wrote together with its traceback is an OPENING, since later entries
    may continue it; `Piece.message` then holds the message without the traceback.
    """
    if "\n" not in text:
        # Text in lower case names no exception: this cheap test settles most messages.
        if text.islower() and text[0] not in _FIRST_CHARS and text[-1] != ")":
            return None
        return _single(text)
    lines = text.split("\n")
    first = lines[0]
    if _PY_OPEN.match(first) or _GO_OPEN.match(first) or _GO_PANIC.match(first):
        return Piece(LineKind.OPENING, _exception(lines), _deepest(lines))
    opening = next((i for i, line in enumerate(lines) if _PY_OPEN.match(line[:MAX_LINE])), None)
    if opening is None:
        opening = next((i for i, line in enumerate(lines) if _is_frame(line)), None)
        if opening is None:
            return None
    before = [line for line in lines[:opening] if line.strip() and not _GO_OPEN.match(line)]
    if not before or _is_frame(first):
        return Piece(LineKind.MIDDLE, _exception(lines), _deepest(lines))
    if before[0].startswith(_LINKS):
        return Piece(LineKind.LINK, _exception(lines), _deepest(lines))
    if is_exception(before[0]):
        exception = _exception(lines)
        if len(before) > 1 and exception == before[0].strip() and exception.endswith(":"):
            # Prisma puts the message on the lines below the exception's name.
            exception = " ".join(line.strip() for line in before)
        return Piece(LineKind.OPENING, exception, _deepest(lines))
    if len(before) > 1 and _GO_FRAME.match(lines[opening][:MAX_LINE]):
        before.pop()  # the function name, which Go prints on its own line above the frame
    exception = _exception(lines)
    words = [line for line in before if not exception or line.strip() != exception.split(_CAUSE)[0]]
    return Piece(LineKind.OPENING, exception, _deepest(lines), " ".join(words).strip() or None)


def _single(text: str) -> Piece | None:
    if not text:
        return None
    if text[0] in " \t|+":
        if _PY_OPEN.match(text):
            return Piece(LineKind.OPENING)
        line = text[:MAX_LINE]
        if _is_frame(line):
            return Piece(LineKind.MIDDLE, frame=_innermost([line]))
        if is_exception(text.strip()) and text[0] in "|+":
            return Piece(LineKind.ENDING, text.strip(" \t|+"))
        return Piece(LineKind.MIDDLE)
    return _unindented(text)


def _unindented(text: str) -> Piece | None:
    if not text.startswith(_BEGINNINGS):
        if text[-1] == ")" and _GO_CALL.match(text[:MAX_LINE]):
            return Piece(LineKind.MIDDLE)
        return Piece(LineKind.ENDING, text.strip()) if is_exception(text) else None
    if text.startswith(_LINKS):
        return Piece(LineKind.LINK)
    if _PY_OPEN.match(text) or _GO_OPEN.match(text):
        return Piece(LineKind.OPENING)
    if _GO_PANIC.match(text):
        return Piece(LineKind.OPENING, text.strip())
    if caused := _CAUSED_BY.match(text):
        return Piece(LineKind.MIDDLE, caused[1].strip())
    if text.startswith(("[signal SIG", "created by ")):
        return Piece(LineKind.MIDDLE)
    if is_exception(text):
        return Piece(LineKind.ENDING, text.strip())
    return None


def continues(text: str) -> bool:
    """Returns whether the text continues a traceback after the exception's line.

    Java and Node print the frames after that line.
    """
    return text.lstrip().startswith(_AFTER)


def is_goroutine(text: str) -> bool:
    """Returns whether a goroutine's stack starts here, after a panic or in a full dump."""
    return _GO_OPEN.match(text) is not None


_CAUSE = ", caused by "


def _exception(lines: Sequence[str]) -> str | None:
    """Finds the last exception of a Python traceback; in other languages the first and its cause.

    Python prints the root cause first and its consequence last. Java prints the root cause last,
    and its first exception alone is often vague: "could not open a transaction".
    """
    python = any(_PY_FRAME.match(line[:MAX_LINE]) for line in lines)
    for line in reversed(lines) if python else lines:
        text = line.strip(" \t|+")
        if text and (line[:1] not in " \t" or line[:3] == "  |") and is_exception(text):
            return text if python else _with_cause(text, lines)
        if not python and _GO_PANIC.match(text):
            return text
    return None


def _with_cause(exception: str, lines: Sequence[str]) -> str:
    causes = [caused[1].strip() for line in lines if (caused := _CAUSED_BY.match(line[:MAX_LINE]))]
    return exception + _CAUSE + causes[-1] if causes and causes[-1] != exception else exception


def _deepest(lines: Sequence[str]) -> Location | None:
    """Finds the innermost own frame, starting with the exception nearest to the root cause.

    The root cause is where to look first. Python prints it first, Java and Node print it last.
    """
    starts = [i for i, line in enumerate(lines) if _PY_OPEN.match(line[:MAX_LINE])]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        location = _innermost(lines[start:end])
        if location is not None:
            return location
    end = len(lines)
    for start in [i for i, line in enumerate(lines) if _CAUSED_BY.match(line[:MAX_LINE])][::-1]:
        location = _innermost(lines[start:end])
        if location is not None:
            return location
        end = start
    return _innermost(lines)
