"""Recognises fragments of tracebacks, and extracts their exception and innermost own frame.

Cloud Run logs whatever a process prints, so a traceback may arrive as one entry, as one entry per
exception of the chain, or as one entry per line. `piece` classifies one text on its own, so that
results can be cached and do not depend on the order of entries; `rollup.stitch` joins the pieces
of one instance.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bot.core.model.values import Location
from bot.core.text.frames import (
    GO_FRAME,
    MAX_LINE,
    PHP_FRAME,
    PY_FRAME,
    RUBY_FRAME,
    RUBY_RAISED,
    innermost,
    is_frame,
)
from bot.core.text.reports import CHAIN, reported


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
    NAME = "name"
    """A line that names an exception if a traceback is open, and else is an ordinary message."""
    HEAD = "head"
    """An ordinary message of an error, which a traceback or indented lines may follow."""
    RECORD = "record"
    """The first line of a record whose message is on the next one."""


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
    only_frame: bool = False
    """True for a line that is a frame: never the last words of a process."""


_PY_OPEN = re.compile(
    r"(?:\s{0,8}\+ )?(?:\s{0,12}\| )?(?:Exception Group )?Traceback \(most recent call last\):"
)
_LINKS = (
    "During handling of the above exception, another exception occurred",
    "The above exception was the direct cause of the following exception",
)
_OF_LOOP = ("future: <", "task: <Task", "handle: <", "transport: <", "protocol: <")
"""asyncio names what an exception was lost in, between its message and the traceback."""
_BEGINNINGS = (
    *_LINKS, "Traceback ", "Exception Group Traceback ", "goroutine ", "panic: ", "fatal error: ",
    "Caused by:", "[signal SIG", "created by ", "Stack trace:", "#", "}",
    "(Background on this error",
    "[SQL: ", "[parameters: ", "[cause]: ", *_OF_LOOP,
)  # fmt: skip
"""Prefixes of unindented traceback lines other than the exception's own line."""
_FIRST_CHARS = frozenset(" \t|+/<") | {beginning[0] for beginning in _BEGINNINGS}
"""First characters of traceback lines: indentation, a path, one of `_BEGINNINGS`."""
_GO_OPEN = re.compile(r"(?:goroutine \d{1,12} \[[^\]\n]{1,80}\]:)")
_GO_PANIC = re.compile(r"(?:panic|fatal error): [^\n]{1,2000}")
_GO_SERVING = re.compile(r"(?:http: )?panic serving \S{1,80}: ([^\n]{1,2000})")
_PY_NAME = re.compile(r"(?:[A-Za-z_]\w{0,80}\.){0,12}[A-Za-z_]\w{0,80}(?::(?: [^\n]{0,2000})?)?$")
_LOOSE_NAME = re.compile(
    r"(?:[a-z_]\w{0,80}\.){1,12}[A-Z][\w$]{0,80}(?::(?: |$)|$)|[A-Z][a-z]\w{0,60}(?:: \S|:?$)"
)
"""May name an exception: `google.api_core.exceptions.Forbidden: 403`, `Refused: no`."""
_RECORD = re.compile(
    r"(?:\[?[\d:.,/TZ +-]{8,40}\]? {1,3})?(?:warn|fail|crit): [\w.+`<>]{1,200}\[\d{1,10}\]\s{0,8}$"
    r"|[A-Z][a-z]{2} \d{1,2}, \d{4},? \d{1,2}:\d\d:\d\d [AP]M [\w.$]{3,200} [\w$<>]{1,80}$"
    r"|thread '[^'\n]{1,80}' (?:\(\d{1,10}\) )?panicked at [^\n']{1,400}:\d{1,8}:\d{1,8}:$"
)
"""Records of two lines: .NET's console, java.util.logging, Rust's panics."""
_EXCEPTION = re.compile(
    r"(?:[|+]\s{0,8})?(?:Uncaught |Unhandled |Unhandled exception\. |\*\* \("
    r"|Exception in thread \"[^\"\n]{1,100}\" )?"
    r"(?:[A-Za-z_][\w]{0,80}(?:[.$\\]|::)){0,12}"
    r"(?:[A-Z]\w{0,80}(?:Error|Exception|Exit|Interrupt|Warning|Timeout|Iteration|Failure|Refused"
    r"|Denied|NotFound|DoesNotExist|Conflict|Group)"
    r"|KeyboardInterrupt|SystemExit|Error|Throwable)"
    r"(?: \[\w{1,60}\])?(?:: ?[^\n]{0,2000}|\) [^\n]{0,2000}|)$"
)
_RUST_CALL = re.compile(r"\s{1,4}\d{1,3}: \S")
"""A call in Rust's backtrace, above its file."""
_GO_CALL = re.compile(
    r"(?:[\w./@-]{1,200}\.|(?=panic\())[\w.()*\[\]-]{1,200}\((?:\{?0x[^\n]{0,1000}|\.\.\.)?\)$"
)
"""A call in a goroutine's stack, with its arguments as hexadecimal words."""
_CAUSED_BY = re.compile(r"\s{0,8}(?:Caused by|\[cause\]): ([^\n]{1,2000})")
_AFTER = ("at ", "... ", "Caused by:", "Suppressed: ", "[cause]: ", "from ", "#", "Stack trace:",
          "thrown in ", "--- End of ", "---> ")  # fmt: skip


def is_exception(line: str) -> bool:
    """Returns whether the line names an exception: `ValueError: bad`, `java.io.IOException: x`."""
    return len(line) <= MAX_LINE and _EXCEPTION.match(line) is not None


def loose_piece(text: str, failed: bool, headed: bool) -> Piece | None:
    """Classifies an ordinary message that may belong to a traceback of several entries.

    `failed`: its severity is at least ERROR. `headed`: a level header was removed from it.
    """
    if not text or "\n" in text or len(text) > MAX_LINE:
        return None
    if _RECORD.match(text):
        return Piece(LineKind.RECORD)
    name = text.strip() if not headed and _LOOSE_NAME.match(text) else None
    if failed:
        return Piece(LineKind.HEAD, name)
    return Piece(LineKind.NAME, name) if name else None


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
    if (exception := reported(lines)) is not None:
        return Piece(LineKind.OPENING, exception, _deepest(lines))
    if _PY_OPEN.match(first) or _GO_OPEN.match(first) or _GO_PANIC.match(first):
        return Piece(LineKind.OPENING, _exception(lines), _deepest(lines))
    opening = next((i for i, line in enumerate(lines) if _PY_OPEN.match(line[:MAX_LINE])), None)
    if opening is None:
        opening = next((i for i, line in enumerate(lines) if is_frame(line)), None)
        if opening is None:
            return None
    # pino-pretty prints fields below the message: `    req: {`.
    fields = (i for i, line in enumerate(lines[:opening]) if _FIELD.match(line))
    said = range(next(fields, opening))
    before = [lines[i] for i in said if not _adds_nothing(lines, i)]
    if not before or is_frame(first):
        return Piece(LineKind.MIDDLE, _exception(lines), _deepest(lines))
    if before[0].startswith(_LINKS):
        return Piece(LineKind.LINK, _exception(lines), _deepest(lines))
    if is_exception(before[0]):
        exception = _exception(lines)
        if len(before) > 1 and exception == before[0].strip() and is_open(exception):
            # Prisma puts the message on the lines below the exception's name; zod a list.
            exception = " ".join(line.strip() for line in before)
        return Piece(LineKind.OPENING, exception, _deepest(lines))
    if len(before) > 1 and GO_FRAME.match(lines[opening][:MAX_LINE]):
        before.pop()  # the function name, which Go prints on its own line above the frame
    exception = _exception(lines)
    words = [line for line in before if not exception or line.strip() != exception.split(_CAUSE)[0]]
    return Piece(LineKind.OPENING, exception, _deepest(lines), " ".join(words).strip() or None)


_SLIGHT = re.compile(r" {1,3}\w[\w.]{0,200}: ")
_FIELD = re.compile(r"\s{2,8}\w{1,40}: [\[{]\s{0,4}$")
_CARETS = re.compile(r"\s{0,400}\^+\s{0,400}$")
_SCRIPT = re.compile(r"(?:file://|node:|/|[A-Za-z]:\\)[^\s()]{1,400}:\d{1,8}$")


def _adds_nothing(lines: Sequence[str], i: int) -> bool:
    """Returns whether a line before the frames is no message.

    Node quotes the source of an uncaught exception: its file, its line, and `^` below it.
    """
    line = lines[i]
    if not line.strip() or _GO_OPEN.match(line) or line.startswith(_OF_LOOP):
        return True
    quoted = i + 1 < len(lines) and _CARETS.match(lines[i + 1]) is not None
    return quoted or _CARETS.match(line) is not None or _SCRIPT.match(line) is not None


def is_open(line: str) -> bool:
    """Returns whether an exception's line goes on below: `ZodError: [`, `Invalid call:`."""
    return line.rstrip().endswith((":", "[", "{"))


def _single(text: str) -> Piece | None:
    if not text:
        return None
    if (raised := RUBY_RAISED.match(text[:MAX_LINE])) is not None:
        return Piece(LineKind.ENDING, f"{raised[5]}: {raised[4]}", innermost([text[:MAX_LINE]]))
    if text[0] in " \t|+":
        if _PY_OPEN.match(text):
            return Piece(LineKind.OPENING)
        line = text[:MAX_LINE]
        if is_frame(line) or _RUST_CALL.match(line):
            return Piece(LineKind.MIDDLE, frame=innermost([line]), only_frame=True)
        # Koa indents the exception's line by two spaces; Python's source lines have four or more.
        if is_exception(text.strip()) and (text[0] in "|+" or _SLIGHT.match(text)):
            return Piece(LineKind.ENDING, text.strip(" \t|+"))
        return Piece(LineKind.MIDDLE)
    return _unindented(text)


_AMID = (
    "[signal SIG", "created by ", "Stack trace:", "(Background on this error", "[SQL: ",
    "[parameters: ", "[cause]: ", *_OF_LOOP, CHAIN,
)  # fmt: skip


def _unindented(text: str) -> Piece | None:
    if text[0] in "/<" and RUBY_FRAME.match(text[:MAX_LINE]):
        return Piece(LineKind.MIDDLE, frame=innermost([text[:MAX_LINE]]), only_frame=True)
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
    if text[0] == "#":
        frame = PHP_FRAME.match(text[:MAX_LINE])
        return Piece(LineKind.MIDDLE, frame=innermost([text[:MAX_LINE]])) if frame else None
    if text[0] == "}":
        return Piece(LineKind.MIDDLE) if not text.strip("}]), ") else None
    if text.startswith(_AMID):
        return Piece(LineKind.MIDDLE)
    if is_exception(text):
        return Piece(LineKind.ENDING, text.strip())
    return None


def continues(text: str) -> bool:
    """Returns whether the text continues a traceback after the exception's line.

    Java and Node print the frames after that line.
    """
    return text.lstrip().startswith(_AFTER) or RUBY_FRAME.match(text[:MAX_LINE]) is not None


def waits_for_level(text: str) -> bool:
    """Returns whether the next line must begin with a level, as java.util.logging's does."""
    return text[-1:].isalnum()


def is_goroutine(text: str) -> bool:
    """Returns whether a goroutine's stack starts here, after a panic or in a full dump."""
    return _GO_OPEN.match(text) is not None


_CAUSE = ", caused by "


def _exception(lines: Sequence[str]) -> str | None:
    """Finds the last exception of a Python traceback; in other languages the first and its cause.

    Python prints the root cause first and its consequence last. Java prints the root cause last,
    and its first exception alone is often vague: "could not open a transaction".
    """
    frames = [i for i, line in enumerate(lines) if PY_FRAME.match(line[:MAX_LINE])]
    python = bool(frames)
    if python and (ending := _after_frames(lines[frames[-1] + 1 :])):
        return ending
    if (raised := RUBY_RAISED.match(lines[0][:MAX_LINE])) is not None:
        return f"{raised[5]}: {raised[4]}"
    calls = {i - 1 for i, line in enumerate(lines) if GO_FRAME.match(line[:MAX_LINE])}
    lines = [line for i, line in enumerate(lines) if i not in calls]  # `main.db.Error` is a call
    for line in reversed(lines) if python else lines:
        text = line.strip(" \t|+")
        if text and (line[:1] not in " \t" or line[:3] == "  |") and is_exception(text):
            return text if python else _with_cause(text, lines)
        if not python and _GO_PANIC.match(text):
            return text
        if not python and (serving := _GO_SERVING.match(text)):
            return f"panic: {serving[1]}"
    if python:
        return None
    # .NET's console indents whole records.
    return next((_with_cause(t, lines) for line in lines if is_exception(t := line.strip())), None)


def _after_frames(lines: Sequence[str]) -> str | None:
    """Returns the line after the last frame of a Python traceback: it names the exception."""
    for line in lines:
        if line.strip() and line[0] not in " \t|+":
            text = line.strip()
            named = len(text) <= MAX_LINE and not text.startswith(_LINKS) and _PY_NAME.match(text)
            return text if named else None
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
        location = innermost(lines[start:end])
        if location is not None:
            return location
    end = len(lines)
    for start in [i for i, line in enumerate(lines) if _CAUSED_BY.match(line[:MAX_LINE])][::-1]:
        location = innermost(lines[start:end])
        if location is not None:
            return location
        end = start
    return innermost(lines)
