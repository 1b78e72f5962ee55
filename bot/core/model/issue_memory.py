"""What is remembered of an issue between two looks at GitHub."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """What an issue has been told so far, and what is known of its fix."""

    number: int
    """Of the issue; another one begins anew."""
    per_day: float = 0.0
    """The rate when something was last told."""
    usual: float = 0.0
    """The last rate that was not zero: what to expect if nothing was fixed."""
    revisions: tuple[str, ...] = ()
    """Those that are told, the newest first."""
    services: tuple[str, ...] = ()
    edited: int = 0
    """The report of which the status comment tells was read then."""
    fix: str = ""
    """The first revision deployed after the issue was closed, and not without its fix."""
    fix_seen: int = 0
    """When that revision was first seen."""
    closed_at: int = 0
    """Of the close that `fix` belongs to."""
    verdict_at: int = 0
    """When a digest said whether that held."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What was deployed after an issue was closed, and has been out for a day."""

    revision: str
    per_day: float
    """The problem's rate before."""
