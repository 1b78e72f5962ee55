"""`gardener analyze` and `gardener members`: the same analysis as in Slack, in the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from bot.adapters.files.log_file import LogFile
from bot.cli.inputs import instant, is_file, opened
from bot.core.analysis import analyze as analysis
from bot.core.analysis.outside import Outside
from bot.core.analysis.reading import EVERYTHING, MEMBERS, read_all, refuse_nothing_readable
from bot.core.commands.time_windows import parse_window
from bot.core.model import rfc3339
from bot.core.model.environment import Environment, Query
from bot.core.model.errors import GardenerError, Unavailable, UsageError
from bot.core.model.report import Progress, Report
from bot.core.model.values import DAY, Severity, Window
from bot.core.ports import ProgressListener
from bot.core.reports.export import export
from bot.core.rollup.gc_pause import few_collections
from bot.core.text import display
from bot.core.trends.traffic import summary
from bot.core.triage.triage import glance
from bot.settings.settings import Settings, load

if TYPE_CHECKING:
    from rich.status import Status

    from bot.wiring import Wiring

SILENT = 5
"""Maximum number of quiet clusters printed, those with the most expected occurrences first."""


@dataclass(frozen=True, slots=True)
class AnalyzeOptions:
    """Arguments of `gardener analyze`."""

    environment: str | None = None
    window: Sequence[str] = ()
    file: str | None = None
    now: str | None = None
    min_severity: str | None = None
    form: str = "text"
    members: bool = False
    store: bool = True


def analyze(request: AnalyzeOptions) -> None:
    """Runs one analysis and prints it. Raises `GardenerError`."""
    now = instant(request.now)
    settings = load()
    request = _with_file(request, settings)
    environment = _environment(request, settings)
    severity = _severity(request.min_severity)
    if severity is None:  # DEFAULT is 0, hence falsy, but a valid choice: all entries
        severity = environment.min_severity
    window = _window(request, settings.zone(environment), now)
    query = environment.query(window, min_severity=severity)
    report = _analyze(request, opened(request.file, settings), query, environment, now)
    _tell_what_is_missing(report)
    click.echo(_shown(report, request, settings.zone(environment), now))


@few_collections()
def members(file: str) -> None:
    """Prints `insertId<TAB>cluster id` for every entry of the file. Raises `GardenerError`."""
    with _progress(f"Reading {file}") as listener:
        reading = read_all(
            LogFile(file), MEMBERS, keep_members=True, listener=listener, glance=glance
        )
    refuse_nothing_readable(reading)
    if reading.broken:
        _warn(_broken(reading.broken))
    out = sys.stdout
    for name, cluster in analysis.members(reading):
        # JSON can contain lone surrogates, which UTF-8 cannot: they are printed as escapes.
        out.write(f"{name}\t{cluster}\n".encode("utf-8", "backslashreplace").decode())


# --- arguments -----------------------------------------------------------------------------------


def _severity(name: str | None) -> Severity | None:
    if name is None:
        return None
    found = Severity.__members__.get(name.upper())
    if found is None:
        known = ", ".join(Severity.__members__)
        raise UsageError(f'I know no severity "{name}". Known: {known}.')
    return found


def _with_file(request: AnalyzeOptions, settings: Settings) -> AnalyzeOptions:
    """Takes the first word as a file where there is one of that name and no such environment."""
    name = request.environment
    if request.file or name is None or name in settings.environments or not is_file(name):
        return request
    return replace(request, environment=None, file=name)


def _environment(request: AnalyzeOptions, settings: Settings) -> Environment:
    if request.environment is None:
        if request.file:
            return Environment(
                "standard input" if request.file == "-" else Path(request.file).name, ""
            )
        known = ", ".join(settings.environments) or "none yet; see gardener.toml"
        raise UsageError(
            f"Which environment? For example: gardener analyze staging 2d. Known: {known}."
        )
    if request.file and not settings.environments:
        return Environment(request.environment, "")
    environment = settings.environment(request.environment)
    # A file is read whole, from whichever project and services its entries are.
    return environment.from_file() if request.file else environment


def _window(request: AnalyzeOptions, timezone: str, now: int) -> Window:
    if request.window:
        return parse_window(request.window, now=now, timezone=timezone).window
    return EVERYTHING if request.file else Window(now - DAY, now)


# --- analysis ------------------------------------------------------------------------------------


@few_collections()
def _analyze(
    request: AnalyzeOptions, given: Outside, query: Query, environment: Environment, now: int
) -> Report:
    """`given`: the log source and its activity, without a store."""
    kept = _store(request)
    outside = given
    if kept is not None:
        try:
            outside = _with_store(given, kept, environment, live=request.file is None)
        except Unavailable as error:
            _warn(f"{error} Going on without the store: every state is new.")
    with _progress(f"Reading {environment.name}") as listener:
        reading = analysis.read(
            outside, query, now=now, listener=listener, keep_members=request.members
        )
    report = None
    if outside is not given:
        try:
            report = analysis.conclude(outside, reading, environment, now=now)
        except Unavailable as error:
            _warn(f"{error} Going on without the store: every state is new.")
    if report is None:
        report = analysis.conclude(given, reading, environment, now=now)
    for keep in reading.afterwards:
        analysis.keep_now(keep)
    return report


def _with_store(given: Outside, kept: Wiring, environment: Environment, *, live: bool) -> Outside:
    """Adds what the store remembers.

    `live`: read from Cloud Logging. A file tells nothing about hours that it does not hold, so it
    is not compared with the history and adds nothing to it.
    """
    if live:
        from bot.toolbox import outside

        # Its own reads of the log, within this process's share of the calls.
        mine = kept.having(logs=given.source, activity=given.activity)
        return outside(mine, environment)
    return replace(
        given,
        registry=kept.registry,
        decisions=kept.decisions,
        locate=kept.sources.locate(environment.name),
        rules=kept.rules.all(environment.name),
        secret=kept.secrets[0],
    )


def _store(request: AnalyzeOptions) -> Wiring | None:
    """Returns the wiring; None if the store is unavailable or not wanted."""
    if not request.store or request.environment is None:
        return None
    from bot.wiring import build

    try:
        wiring = build(load())
        wiring.ping()
        wiring.take_over()
    except GardenerError as error:
        _warn(f"{error} Going on without the store: every state is new.")
        return None
    return wiring


@contextmanager
def _progress(what: str) -> Iterator[ProgressListener | None]:
    """Shows a status line if standard error is a terminal; else yields None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape

    status: Status
    with Console(stderr=True).status(escape(what)) as status:

        def tell(progress: Progress) -> None:
            worst = f". Worst so far: {progress.worst[:70]}" if progress.worst else ""
            status_line = f"{what}: {progress.share:.0%}, {progress.read:,} entries{worst}"
            status.update(escape(status_line))

        yield tell


# --- output --------------------------------------------------------------------------------------


def _shown(report: Report, request: AnalyzeOptions, timezone: str, now: int) -> str:
    if request.form == "json":
        exported = export(report, members=request.members)
        try:
            return orjson.dumps(exported, option=orjson.OPT_INDENT_2).decode()
        except TypeError:  # a lone surrogate in a name or an insertId
            return json.dumps(exported, indent=2)
    if request.form == "markdown":
        from bot.core.reports.worklog import worklog

        return worklog(report, now=now)
    from blocks.buttons import Act
    from blocks.report import further
    from blocks.report import report as message
    from blocks.text import as_text

    query = Act("run", environment=report.environment)
    shown = [message(report, now=now, age=None, query=query, more=False)]
    shown += further(report, now=now, query=query)
    parts = [as_text(each, buttons=False, timezone=timezone, now=now) for each in shown]
    return "\n\n".join([*parts, "\n".join(_around(report, timezone, now))])


def _around(report: Report, timezone: str, now: int) -> Iterator[str]:
    """Yields lines on quiet clusters and on traffic; without it, nothing counts as quiet."""
    for quiet in report.quiet[:SILENT]:
        title = display.cut(display.one_line(quiet.title), 100)
        yield f"Quiet: {quiet.name} {title}: {quiet.reason}."
    if report.traffic is None:
        yield "Traffic unknown."
    else:
        yield f"Traffic: {summary(report.traffic, timezone, now)}."


def _tell_what_is_missing(report: Report) -> None:
    coverage = report.coverage
    if coverage.broken:
        _warn(_broken(coverage.broken))
    for window in coverage.missing:
        _warn(f"Not read: {rfc3339.show(window.start)} to {rfc3339.show(window.end)}.")
    for note in coverage.notes:
        _warn(note)


def _broken(count: int) -> str:
    lines = (
        "1 line is no log entry and was"
        if count == 1
        else (f"{count:,} lines are no log entries and were")
    )
    return f"{lines} left out; all others are counted."


def _warn(sentence: str) -> None:
    click.echo(f"gardener: {sentence}", err=True)
