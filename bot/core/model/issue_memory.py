"""What the sync with GitHub remembers about an issue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """What was already posted to an issue, and what is known about its fix."""

    number: int
    """The issue's number; a different issue starts fresh."""
    per_day: float = 0.0
    """The rate at the last comment."""
    usual: float = 0.0
    """The last rate above zero: what to expect if nothing was fixed."""
    revisions: tuple[str, ...] = ()
    """Revisions already mentioned on the issue, newest first."""
    services: tuple[str, ...] = ()
    edited: int = 0
    """When the report in the status comment was read."""
    fix: str = ""
    """The first revision deployed after the close, unless it is known to lack the fix."""
    fix_seen: int = 0
    """When that revision was first seen."""
    closed_at: int = 0
    """When the issue was closed, for the close that `fix` belongs to."""
    verdict_at: int = 0
    """When a digest reported whether the fix held."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix that was deployed after its issue was closed and has been out for a day."""

    revision: str
    per_day: float
    """The problem's rate before the fix."""
