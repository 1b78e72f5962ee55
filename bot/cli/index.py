"""`gardener index`: reads a repository's log calls and stores them for later analyses."""

from __future__ import annotations

import time
from collections import Counter

import click

from bot.adapters.github.repository import opened
from bot.core.model.environment import Environment
from bot.core.model.errors import InputError, UsageError
from bot.core.source.index import SourceIndex, build
from bot.core.source.log_calls import CallKind
from bot.settings.settings import Settings
from bot.wiring import build as wire


def index(settings: Settings, environment: str | None, repository: str | None) -> None:
    """Reads the repository, stores its index and prints a summary.

    Raises `GardenerError` if it cannot be read; the previous index is kept.
    """
    known = _environment(settings, environment)
    where = repository or known.github
    if not where:
        raise UsageError(
            f"Which repository? {known.name} has no `github` in gardener.toml. For example: "
            f"gardener index {known.name} --repo ."
        )
    wiring = wire(settings)
    wiring.ping()  # fail now, not after half a minute of reading
    wiring.take_over()
    begun = time.monotonic()
    with opened(where, wiring.tracker) as source:
        found = build(source.name, source.files, made=wiring.now(), commit=source.commit)
        note = source.note
    if not found.files:
        raise InputError(f"{found.repository} holds no Python file that I can read. {_kept(found)}")
    size = wiring.sources.put(known.name, found)
    click.echo(_summary(known.name, found, time.monotonic() - begun, size))
    if note:
        click.echo(f"gardener: {note}", err=True)


def _environment(settings: Settings, name: str | None) -> Environment:
    if name is not None:
        return settings.environment(name)
    every = list(settings.environments.values())
    if len(every) == 1:
        return every[0]
    names = ", ".join(settings.environments) or "none yet; see gardener.toml"
    raise UsageError(f"Which environment? For example: gardener index staging. Known: {names}.")


def _kept(found: SourceIndex) -> str:
    left_out = f"Left out: {_skipped(found)}. " if found.skipped else ""
    return f"{left_out}The index is as it was."


def _skipped(found: SourceIndex) -> str:
    return ", ".join(f"{count:,} {why}" for why, count in found.skipped)


def _summary(environment: str, found: SourceIndex, seconds: float, size: int) -> str:
    at = f" at {found.commit[:8]}" if found.commit else ""
    counts = Counter(template.kind for template in found.templates)
    messages = (
        f"{environment}: {len(found.templates):,} messages of {found.repository}{at}: "
        f"{counts[CallKind.LOG]:,} logged, {counts[CallKind.WARNING]:,} warned, "
        f"{counts[CallKind.RAISED]:,} raised."
    )
    read = (
        f"Read {found.files:,} files, {found.lines:,} lines, in {seconds:.1f} s; "
        f"{size / 1_000:,.0f} kB kept."
    )
    lines = [messages, read]
    if found.owners:
        lines.append(f"CODEOWNERS: {len(found.owners):,} rules.")
    if found.skipped:
        lines.append(f"Left out: {_skipped(found)}.")
        lines += [f"  {file}: {why}" for file, why in found.named if why not in _BY_DESIGN]
    return "\n".join(lines)


_BY_DESIGN = {"a test", "symbolic link"}
"""Reasons for which skipped files are counted but not named: they are of no interest."""
