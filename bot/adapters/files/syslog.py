"""Prefixes of syslog lines and of `journalctl`: time, host, program, and perhaps a priority."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from bot.adapters.files.line_prefix import LinePrefix, Prefix, container
from bot.core.text.severity import of_syslog

MONTHS = dict(
    zip(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
        range(1, 13),
        strict=True,
    )
)
_HOST, _PROGRAM = r"([\w.:-]{1,253})", r"([\w./@-]{1,100})"


def _with_year(month: str, day: str, clock: str) -> str | None:
    """Returns the latest such time that is not in the future: RFC 3164 leaves out the year."""
    now = datetime.now(UTC) + timedelta(days=1)
    for year in range(now.year, now.year - 5, -1):
        try:
            found = datetime(year, MONTHS.get(month, 0), int(day), tzinfo=UTC)
        except ValueError:
            continue
        if found <= now:
            return f"{found:%Y-%m-%d}T{clock}Z"
    return None


def _writer(prefix: Prefix, host: str, program: str, pid: str | None, priority: str | None) -> None:
    container(prefix, program, host)
    prefix.source = f"{host} {program} {pid}"
    if priority:
        prefix.resource["severity"] = of_syslog(int(priority)).name


def _bsd(prefix: Prefix, match: re.Match[str]) -> None:
    priority, month, day, clock, host, program, pid = match.groups()
    prefix.time = _with_year(month, day, clock)
    _writer(prefix, host, program, pid, priority)


def _ietf(prefix: Prefix, match: re.Match[str]) -> None:
    priority, prefix.time, host, program, pid = match.groups()
    _writer(prefix, host, program, pid, priority)


def _iso(prefix: Prefix, match: re.Match[str]) -> None:
    _writer(prefix, match[1], match[2], match[3], None)


FORMS: tuple[LinePrefix, ...] = (
    LinePrefix(
        "syslog (RFC 3164), journalctl",
        re.compile(
            r"(?:<(\d{1,3})>)?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,9})?) "
            rf"{_HOST} {_PROGRAM}(?:\[(\d{{1,10}})\])?: ?"
        ),
        "May  4 10:00:00 web1 shop[812]: cannot listen",
        "May 4 10:00:00 cannot listen",
        _bsd,
    ),
    LinePrefix(
        "syslog (RFC 5424)",
        re.compile(
            r"<(\d{1,3})>\d{1,2} (\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|[+-]\d\d:\d\d)|-) "
            rf"{_HOST} {_PROGRAM} (\S{{1,128}}) \S{{1,32}} "
            r"(?:-|(?:\[(?:[^\]\\\n]|\\.){0,2000}\]){1,20})(?: (?:\ufeff|BOM)?|$)"
        ),
        "<27>1 2026-05-04T10:00:00.003Z web1 shop 812 - - cannot listen",
        "<27> cannot listen",
        _ietf,
    ),
    LinePrefix(
        "rsyslog, journalctl -o short-iso",
        re.compile(rf"{_HOST} {_PROGRAM}\[(\d{{1,10}})\]: ?"),
        "2026-05-04T10:00:00.123456+00:00 web1 shop[812]: cannot listen",
        "2026-05-04T10:00:00.123456+00:00 worker[1] done",
        _iso,
        after_time=True,
    ),
)
"""Where a priority is given, it is the severity; RFC 5424's structured data are left out."""
