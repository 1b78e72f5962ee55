"""What stands on top of a report and a digest: services that are silent, and a log without entries.

All sentences are unescaped, for a person.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.core.model.report import Report
from bot.core.text import display
from bot.core.trends.traffic import arrived

Since = Callable[[int, int], str]
"""(a time, now), in nanoseconds → the time as text."""
SHOWN = 3
"""Silent services named."""


def sends_nothing(report: Report) -> bool:
    """True if everything was read and services logged not one entry.

    False where a job or a part of the environment was asked for, which may have had nothing to log,
    and where a service is known to write below the severity that was read.
    """
    if report.coverage.read or report.coverage.missing:
        return False
    if report.partial or not report.counts_requests:
        return False
    return report.heard is None or report.heard < report.window.start


def alarms(
    report: Report, now: int | None = None, *, since: Since | None = None
) -> tuple[str, ...]:
    """Returns a sentence for each silent service, else one if nothing at all was logged.

    `now` in nanoseconds; defaults to when the log was read. `since` shows a time; defaults to the
    report's time zone.
    """
    if report.silences:
        then = now or report.generated or report.window.end
        clock = since or (lambda ns, at: display.clock(ns, report.timezone, at))
        said = [
            f"🔴 {silence.text(lambda ns: clock(ns, then))}." for silence in report.silences[:SHOWN]
        ]
        more = len(report.silences) - SHOWN
        if more > 0:
            said.append(f"🔴 {display.many(more, 'more service')} silent.")
        return tuple(said)
    if not sends_nothing(report):
        return ()
    name = display.one_line(report.environment)
    traffic = arrived(report.traffic)
    if report.last_entry is not None:
        now = now or report.generated or report.window.end
        show = since or (lambda ns, then: display.since(ns, report.timezone, then))
        return (f"🔴 {name} sends no logs since {show(report.last_entry, now)}, {traffic}.",)
    span = display.duration(report.window.end - report.window.start)
    traffic = traffic[0].upper() + traffic[1:]
    return (f"🔴 {name} sends no logs: not one entry in {span}. {traffic}.",)


def all_outside(report: Report, *, clock: Since | None = None) -> str | None:
    """Returns `5,000 entries, all before 02:00` if no entry lies in the window; else None.

    `clock` shows a time; defaults to the report's time zone.
    """
    read, window = report.coverage, report.window
    if not read.outside_window or read.outside_window + read.duplicates + read.broken < read.read:
        return None
    now = report.generated or window.end
    entries = display.many(read.outside_window, "entry", "entries")
    show = clock or (lambda ns, then: display.clock(ns, report.timezone, then))
    start, end = show(window.start, now), show(window.end, now)
    span = read.outside_span
    if span is not None and span.end <= window.start:
        newest = show(span.end, now)
        newest = f", the newest from {newest}" if newest != start else ""
        return f"{entries}, all before {start}{newest}"
    if span is not None and span.start >= window.end:
        return f"{entries}, all from {end} or later"
    return f"{entries}, none from {start} to {end}"
