"""Parses level headers, the prefixes that logging libraries write before a message: one table.

Over a quarter of a real service's entries carry no severity of their own; the level is in the
text. The header is removed from the message and gives its severity and logger.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from bot.core.model.values import Location, Severity

_DATE = r"\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:\s?(?:Z|[+-]\d\d:?\d\d|UTC))?"
_LEVEL = (
    r"(?P<level>TRACE|DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT"
    r"|FATAL|ALERT|EMERGENCY|PANIC)"
)
_LOWER = _LEVEL.replace("(?P<level>", "(?P<level>(?i:").rstrip(")") + "))"

NAMES: dict[str, Severity] = {
    "TRACE": Severity.DEBUG,
    "DEBUG": Severity.DEBUG,
    "VERBOSE": Severity.DEBUG,
    "SILLY": Severity.DEBUG,
    "INFO": Severity.INFO,
    "INFORMATION": Severity.INFO,
    "SUCCESS": Severity.INFO,
    "NOTICE": Severity.NOTICE,
    "WARN": Severity.WARNING,
    "WARNING": Severity.WARNING,
    "ERROR": Severity.ERROR,
    "ERR": Severity.ERROR,
    "SEVERE": Severity.ERROR,
    "CRITICAL": Severity.CRITICAL,
    "CRIT": Severity.CRITICAL,
    "FATAL": Severity.CRITICAL,
    "ALERT": Severity.ALERT,
    "PANIC": Severity.CRITICAL,
    "EMERGENCY": Severity.EMERGENCY,
    "EMERG": Severity.EMERGENCY,
}
_GLOG = {"I": "INFO", "W": "WARNING", "E": "ERROR", "F": "FATAL"}


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The header format of one family of logging libraries."""

    name: str
    pattern: re.Pattern[str]
    example: str
    starts: str
    """First characters that a line of this form can have; `0` means any digit."""
    holds: str = ""
    """A substring of every line of this form; tested before the pattern because it is cheaper."""
    keeps: int = 0
    """A match of at most this many characters besides the level stays in the message: `ERROR: `
    alone may be part of a person's sentence, a date and a logger are not."""


_CAPITALS = "TDINWESCFAP"
"""First letters of the levels."""

FORMS: tuple[Form, ...] = (
    Form(
        "Python logging",
        re.compile(
            rf"{_DATE} - (?:(?P<first>[\w.\-]{{1,120}}) - )?(?:(?P<logger>[\w.\-]{{1,120}}) - )?"
            rf"{_LEVEL} - "
        ),
        "2025-09-07 13:22:49 - app.database - ERROR - Database session error",
        "0",
        holds=" - ",
    ),
    Form(
        "loguru",
        re.compile(
            rf"{_DATE} \| {_LEVEL} {{0,8}} ?\| "
            r"(?P<logger>[\w.\-<>]{1,120}):(?P<function>[\w<>]{1,120}):(?P<line>\d{1,7})"
            r" ?(?:\||-) "
        ),
        "2025-08-28 00:20:14.597 | ERROR    | app.core:emit:202 - connection failed",
        "0",
        holds=" | ",
    ),
    Form(
        "gunicorn",
        re.compile(rf"\[{_DATE}\] \[\d{{1,10}}\] \[{_LEVEL}\] "),
        "[2025-09-16 00:42:46 +0000] [13] [ERROR] Worker failed to boot.",
        "[",
        holds="] [",
    ),
    Form(
        "Spring Boot",
        re.compile(
            rf"{_DATE} {{1,3}}{_LEVEL} {{1,3}}(?:\[[^\]]{{0,80}}\] )?\d{{1,10}} --- "
            r"(?:\[[^\]]{0,80}\] ?){1,3} ?(?P<logger>[\w.$\[\]/\-]{1,120}) {0,60}: "
        ),
        "2025-09-12 10:00:00.123 ERROR 1 --- [main] c.example.App : failed",
        "0",
        holds=" --- ",
    ),
    Form(
        "bracketed level",
        re.compile(
            rf"(?:\[?{_DATE}\]?[ :\-|]{{1,4}})?\[{_LEVEL}\] {{0,4}}"
            r"(?:\[?(?P<logger>[\w-]{1,60}(?:\.[\w-]{1,60}){1,8})\]?: )?"
        ),
        "2025-09-12 10:00:00 [ERROR] could not connect",
        "[0",
        holds="]",
        keeps=3,
    ),
    Form(
        "date, level, logger",
        re.compile(
            rf"{_DATE}[ :|\-]{{1,4}}{_LEVEL}\s{{1,9}}(?:\[[^\]]{{0,80}}\] )?"
            r"(?:(?P<logger>[\w$]{1,60}(?:\.[\w$]{1,60}){1,8}) (?:-|:) )?(?:[:|\-] )?"
        ),
        "2025-09-12 10:00:00,123 WARN  [pool-1] com.example.Pool - exhausted",
        "0",
    ),
    Form(
        "basicConfig and uvicorn",
        re.compile(rf"{_LEVEL}:(?:(?P<logger>[\w.\-]{{1,120}}):| {{1,9}})"),
        "INFO:     Application startup complete.",
        _CAPITALS,
        holds=":",
        keeps=2,
    ),
    Form(
        "winston, in its simple format",
        re.compile(
            r"(?P<level>error|warn|warning|info|debug|verbose|silly|fatal|critical|notice): "
        ),
        "error: cannot connect to the queue",
        "ewidvsfcn",
        holds=": ",
        keeps=2,
    ),
    Form(
        "Nest",
        re.compile(
            rf"\[Nest\] {{1,3}}\d{{1,10}} {{1,3}}- \d\d/\d\d/\d{{4}}, "
            rf"\d{{1,2}}:\d\d:\d\d(?: [AP]M)? {{1,9}}{_LEVEL} "
        ),
        "[Nest] 1  - 11/19/2026, 5:01:35 PM   ERROR [ExceptionsHandler] no such user",
        "[",
        holds="[Nest] ",
    ),
    Form(
        "npm",
        re.compile(r"npm (?P<level>ERR|WARN|error|warn)!? "),
        "npm ERR! Lifecycle script `start` failed with error:",
        "n",
        holds="npm ",
        keeps=6,
    ),
    Form(
        "V8's last words",
        re.compile(r"(?P<level>FATAL) ERROR: "),
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "F",
        holds=" ERROR: ",
        keeps=8,
    ),
    Form(
        "glog and klog",
        re.compile(
            r"(?P<glog>[IWEF])\d{4} \d\d:\d\d:\d\d\.\d{6} {1,8}\d{1,10} "
            r"(?P<logger>[\w./\-]{1,120}):(?P<line>\d{1,7})\] "
        ),
        "E0912 10:00:00.123456       1 server.go:42] cannot listen",
        "IWEF",
        holds="] ",
    ),
    Form(
        "logfmt",
        re.compile(
            rf"(?:(?:time|ts|t)=(?:\"[^\"]{{0,60}}\"|\S{{1,60}}) )?level={_LOWER}"
            r"(?: (?:time|ts)=(?:\"[^\"]{0,60}\"|\S{1,60}))? (?:msg=)?"
        ),
        'time=2025-09-12T10:00:00Z level=error msg="cannot listen"',
        "tl",
        holds="level=",
    ),
    Form(
        "Go's log, dated and silent on its level",
        re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? (?=\S)"),
        "2025/09/12 10:00:00 listening on :8080",
        "0",
        holds="/",
    ),
)


class Header(NamedTuple):
    """A parsed level header."""

    length: int = 0
    """Characters to remove from the start of the line."""
    severity: Severity = Severity.DEFAULT
    logger: str | None = None
    function: str | None = None
    line: int | None = None

    @property
    def location(self) -> Location | None:
        """The source location, if the header names a logger."""
        return Location(self.logger, self.function, self.line) if self.logger else None


_NONE = Header()
_FORMS_BY_FIRST_CHAR: dict[str, tuple[Form, ...]] = {
    char: tuple(form for form in FORMS if ("0" if char.isdigit() else char) in form.starts)
    for char in {*"0123456789", *(char for form in FORMS for char in form.starts)}
}


def header(text: str) -> Header:
    """Parses the header at the start of a line; returns an empty one if there is none.

    Expects text without ANSI colours (see `plain`).
    """
    for form in _FORMS_BY_FIRST_CHAR.get(text[:1], ()):
        match = form.pattern.match(text) if form.holds in text else None
        if match is not None:
            return _header_of(form, match.end(), match.groups())
    return _NONE


@lru_cache(maxsize=4_096)
def _header_of(form: Form, end: int, values: tuple[str | None, ...]) -> Header:
    groups = {name: values[number - 1] for name, number in form.pattern.groupindex.items()}
    level = groups.get("level") or _GLOG.get(groups.get("glog") or "", "")
    line = groups.get("line")
    return Header(
        0 if form.keeps and end <= form.keeps + len(level) else end,
        NAMES.get(level.upper(), Severity.DEFAULT),
        groups.get("logger") or groups.get("first"),
        groups.get("function"),
        int(line) if line else None,
    )


_ANSI = re.compile(
    r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,1024}(?:\x07|\x1b\\)|[@-Z\\-_])"
)
# Some log shippers drop the escape byte and leave `[32m`.
_BARE_ANSI = re.compile(r"\[(?:\d{1,3};){0,4}\d{1,3}m")


def plain(text: str) -> str:
    """Removes ANSI escapes and control characters other than newline and tab.

    They would hide or reorder words where the text is shown. A carriage return becomes a newline.
    """
    printable = text.isprintable()
    if not printable:
        text = _ANSI.sub("", text)
    if "[" in text:
        text = _BARE_ANSI.sub("", text)
    return text if printable else text.translate(_CONTROL)


_CONTROL: dict[int, str | None] = dict.fromkeys(
    [
        *(code for code in range(32) if code not in (0x09, 0x0A, 0x0D)),
        *range(0x7F, 0xA0),
        # Bidirectional controls and the byte order mark reorder or join words invisibly.
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
) | {0x0D: "\n"}
