"""A row of the table of level headers, and the parts that its patterns are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAY = r"\d{4}[-/.]\d\d[-/.]\d\d"
CLOCK = r"\d\d:\d\d:\d\d(?:[.,:]\d{1,9})?"
ZONE = r"(?:\s?(?:Z|UTC|GMT|CES?T|[ECMP][SD]T|JST|IST|[+-]\d\d:?\d\d))?"
DATE = rf"{DAY}[ T]{CLOCK}{ZONE}"
MONTH = r"[A-Z][a-z]{2}"
WHEN = (
    rf"(?:{DATE}"
    rf"|\d\d[/-](?:\d\d|{MONTH})[/-]\d{{2,4}},?[ :T]\d{{1,2}}:\d\d:\d\d(?:[.,]\d{{1,9}})?"
    rf"(?: ?[AP]M)?(?: [A-Z][\w/]{{2,30}})?{ZONE}"
    rf"|(?:{MONTH} )?{MONTH} {{1,2}}\d{{1,2}},? (?:\d{{4}},? )?\d{{1,2}}:\d\d:\d\d"
    rf"(?:[.,]\d{{1,9}})?"
    rf"(?: ?[AP]M)?(?: \d{{4}})?"
    rf"|\d{{1,2}}:\d\d:\d\d(?:[.,]\d{{1,9}})?(?: ?[AP]M)?|\d{{1,2}}:\d\d ?[AP]M"
    r"|\d{6} \d\d:\d\d:\d\d|\d{10}(?:\.\d{1,9})?)"
)
"""A time in any of the ways in which loggers print it."""
HEADER_NAMES = (
    "TRACE|TRCE|TRC|DEBUG|DBG|DBUG|VERBOSE|VERB|VRB|SILLY|FINEST|FINER|FINE|INFORMATIONAL"
    "|INFORMATION|INFO|INF|CONFIG|LOG|SUCCESS|NOTICE|WARNING|WARN|WRN|ERROR|ERRO|ERR|SEVERE"
    "|CRITICAL|CRIT|CRT|FATAL|FTL|ALERT|EMERGENCY|EMERG|DPANIC|PANIC|PNC|FAIL"
)
LEVEL = rf"(?P<level>{HEADER_NAMES})"
ANY = rf"(?P<level>(?i:{HEADER_NAMES}))"
LOWER = (
    r"(?P<level>(?i:error|warn|warning|info|debug|verbose|silly|trace|fatal|critical|crit|notice"
    r"|alert|emerg|emergency|panic))"
)
DOTTED = r"[\w$]{1,80}(?:(?:\.|::|/)[\w$\[\]-]{1,80}){1,12}"
"""A logger's name of several parts; a single word may be a part of the message."""
THREAD = r"\[[^\]\n]{0,80}\]"
PAIR = r"[\w.@-]{1,40}=(?:\"[^\"\n]{0,200}\"|[^\s\"]{0,200}) "


@dataclass(frozen=True, slots=True, eq=False)
class HeaderForm:
    """The header format of one family of logging libraries."""

    name: str
    pattern: re.Pattern[str]
    example: str
    starts: str
    """First characters that a line of this form can have; `0` means any digit."""
    counter: str = ""
    """A line that this row leaves alone."""
    holds: str = ""
    """A substring of every line of this form; tested before the pattern because it is cheaper."""
    keeps: int = 0
    """A match of at most this many characters besides the level stays in the message: `ERROR: `
    alone may be part of a person's sentence, a date and a logger are not."""
    outer: bool = False
    """Another header may follow, whose level counts before this one's."""
    also: tuple[tuple[str, str], ...] = ()
    """Further libraries that this row reads: (library, a line of it)."""


CAPITALS = "TDVFSINWECLAP"
"""First letters of the levels."""
MONTHS = "JFMASOND"
DAYS = "MTWFS"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
