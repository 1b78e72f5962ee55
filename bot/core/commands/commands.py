"""The commands after /gardener, as values. `parser` reads them from text."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.commands.grouping_commands import RuleList, SameAs, SplitBy
from bot.core.commands.time_windows import Span
from bot.core.model.days import Days
from bot.core.model.values import Priority, Severity


@dataclass(frozen=True, slots=True)
class Analyze:
    """Analyzes a window of an environment."""

    environment: str
    span: Span
    services: tuple[str, ...] = ()
    """Empty for the environment's own."""
    severity: Severity | None = None
    """None for the environment's own."""

    @property
    def typed(self) -> str:
        """Renders the shortest text for the same command, after /gardener."""
        return self._with(self.span.typed)

    @property
    def run(self) -> str:
        """Renders text for the same window whoever types it, and whenever.

        For what is stored with a report, and to recognise that two people ask the same.
        """
        return self._with(self.span.fixed)

    def _with(self, window: str) -> str:
        pieces = [self.environment, window]
        if self.services:
            pieces.append(f"service={','.join(self.services)}")
        if self.severity is not None:
            pieces.append(f"severity={self.severity.name}")
        return " ".join(pieces)


@dataclass(frozen=True, slots=True)
class DigestOn:
    """Posts a digest in this channel, every day or on weekdays."""

    environment: str
    at: str
    """`09:00`"""
    timezone: str
    days: Days = Days.DAILY

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        days = "" if self.days is Days.DAILY else f"{self.days.value} "
        return f"digest {self.environment} {days}{self.at} {self.timezone}"


@dataclass(frozen=True, slots=True)
class DigestOff:
    """Stops digests in this channel."""

    environment: str | None
    """None for all environments."""

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        return f"digest off {self.environment}" if self.environment else "digest off"


@dataclass(frozen=True, slots=True)
class DigestNow:
    """Posts what changed since the last digest, now."""

    environment: str

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        return f"digest now {self.environment}"


@dataclass(frozen=True, slots=True)
class WatchOn:
    """Watches an environment in this channel."""

    environment: str
    every_seconds: int = 300
    """Whole minutes, from 1 to 60."""
    from_priority: Priority = Priority.P1
    """The least important priority to tell about: P0 to P3."""

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        every = f"every {self.every_seconds // 60}m"
        return f"watch {self.environment} {every} from {self.from_priority.name}"


@dataclass(frozen=True, slots=True)
class WatchOff:
    """Stops watching in this channel."""

    environment: str | None
    """None for all environments."""

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        return f"watch off {self.environment}" if self.environment else "watch off"


@dataclass(frozen=True, slots=True)
class ExpectedList:
    """Lists problems marked as expected."""

    environment: str

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        return f"expected {self.environment}"


@dataclass(frozen=True, slots=True)
class Why:
    """Explains a priority."""

    name: str
    """`C3`"""
    environment: str | None = None
    """None for the channel's default."""

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        return f"why {self.name} {self.environment}" if self.environment else f"why {self.name}"


@dataclass(frozen=True, slots=True)
class Diff:
    """Compares two revisions."""

    environment: str
    a: str = ""
    """As typed, in lower case: `00597`, `00597-abc` or the full name. Empty with an empty `b`: the
    two newest."""
    b: str = ""

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        return f"diff {self.environment} {self.a} {self.b}".rstrip()


@dataclass(frozen=True, slots=True)
class Help:
    """Lists all commands."""

    typed: str = "help"


Command = (
    Analyze
    | DigestOn
    | DigestOff
    | DigestNow
    | ExpectedList
    | Why
    | Diff
    | WatchOn
    | WatchOff
    | SameAs
    | SplitBy
    | RuleList
    | Help
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Text that was not understood: what is wrong, and the nearest valid command."""

    sentence: str
    command: str | None
    """The text after /gardener; None if nothing is near."""
