"""`gardener replay`: what a team's new rules would have changed, before they are switched on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from bot.cli import inputs
from bot.core.analysis import analyze
from bot.core.analysis.outside import Outside
from bot.core.analysis.reading import EVERYTHING, Reading
from bot.core.commands.time_windows import parse_window
from bot.core.model.environment import Environment
from bot.core.model.errors import UsageError
from bot.core.model.report import Cluster, Report
from bot.core.model.values import Window
from bot.core.text import display
from bot.settings.settings import Settings, load, rules_of
from bot.settings.team_rules import TeamRules

LAST = "7d"
"""The default window, for Cloud Logging."""
TITLE = 100
"""Maximum characters of a title."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Arguments of `gardener replay`."""

    rules: str
    environment: str | None = None
    last: str | None = None
    file: str | None = None
    now: str | None = None


def replay(request: ReplayOptions) -> None:
    """Reads once, triages without and with the rules, and prints the difference.

    Raises `GardenerError`.
    """
    settings = load()
    environment = _environment(request, settings)
    own = rules_of(Path(request.rules).expanduser(), settings.environments)
    now = inputs.instant(request.now)
    outside, reading = _read(request, environment, settings, now)
    before = analyze.conclude(outside, reading, environment, now=now)
    after = analyze.conclude(outside, reading, _with(environment, own, settings), now=now)
    click.echo("\n".join(_difference(request, own, before, after)))


def _with(environment: Environment, own: TeamRules, settings: Settings) -> Environment:
    if environment.name in settings.environments:
        return own.added(environment)
    # A file's entries belong to no environment: all rules apply.
    return replace(environment, rules=own.rules, impacts=own.impacts)


def _environment(request: ReplayOptions, settings: Settings) -> Environment:
    known = settings.environments
    if request.environment is not None:
        if request.file and not known:
            return Environment(request.environment, "")
        environment = settings.environment(request.environment)
        return environment.from_file() if request.file else environment
    if request.file:
        return Environment("standard input" if request.file == "-" else Path(request.file).name, "")
    if len(known) == 1:
        return next(iter(known.values()))
    names = ", ".join(known) or "none yet; see gardener.toml"
    raise UsageError(
        f"Which environment? For example: gardener replay --rules new.toml --last 7d staging. "
        f"Known: {names}."
    )


def _read(
    request: ReplayOptions, environment: Environment, settings: Settings, now: int
) -> tuple[Outside, Reading]:
    query = environment.query(EVERYTHING)
    if request.file is None:
        span = parse_window([request.last or LAST], now=now, timezone=settings.zone(environment))
        return inputs.whole(None, settings, replace(query, window=span.window), now)
    if request.last is not None and request.file == "-":
        raise UsageError("Standard input is read once, whole: leave --last out, or name a file.")
    outside, whole = inputs.whole(request.file, settings, query, now)
    if request.last is None:
        return outside, whole
    # A file is replayed when somebody has it: its last days count back from its newest entry.
    end = whole.window(now).end
    span = parse_window([request.last], now=end, timezone=settings.zone(environment))
    window = Window(span.window.start, end)
    if window.start <= whole.window(now).start:
        return outside, whole
    return inputs.whole(request.file, settings, replace(query, window=window), now)


# --- output --------------------------------------------------------------------------------------


def _difference(
    request: ReplayOptions, own: TeamRules, before: Report, after: Report
) -> Iterator[str]:
    was = {cluster.id: cluster for cluster in before.clusters}
    changed = [c for c in after.clusters if _differs(was[c.id], c)]
    span = display.duration(before.window.end - before.window.start)
    yield (
        f"{before.environment}, {span}, {display.many(before.coverage.read, 'entry', 'entries')}: "
        f"{len(changed)} of {display.many(len(after.clusters), 'cluster')} would change."
    )
    for cluster in changed:
        yield from _change(was[cluster.id], cluster)
    used = {factor.name for cluster in after.clusters for factor in cluster.factors}
    impacts = {cluster.impact for cluster in after.clusters}
    for rule in own.rules:
        if f"your rule “{rule.name}”" not in used:
            yield f"Fits nothing here: rule “{rule.name}” ({_place(request, rule.line)})"
    for impact in own.impacts:
        if impact.says not in impacts:
            yield f"Fits nothing here: impact “{impact.says}” ({_place(request, impact.line)})"
    if not before.coverage.complete:
        yield "Not everything was read, so there may be more."


def _place(request: ReplayOptions, line: int) -> str:
    return f"{Path(request.rules).name}, line {line}"


def _differs(before: Cluster, after: Cluster) -> bool:
    return (before.priority, before.impact, before.cause, before.next) != (
        after.priority,
        after.impact,
        after.cause,
        after.next,
    )


def _change(before: Cluster, after: Cluster) -> Iterator[str]:
    title = display.cut(display.one_line(after.title), TITLE)
    yield (
        f"{before.name}  {before.priority.name} → {after.priority.name}  {title}, "
        f"{display.many(after.occurrences, 'time')}"
    )
    own = [f for f in after.factors if f.name.startswith("your ")]
    for factor in own:
        weight = f", {factor.weight}" if factor.weight else ""
        yield f"    {factor.name}{weight}: {factor.said}"
    if not own:
        yield f"    {after.reasons[0]}"
