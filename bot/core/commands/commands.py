"""What a person may ask for after /gardener, as values to act on. `command` reads the text."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.commands.grouping_commands import RuleList, SameAs, SplitBy
from bot.core.commands.time_windows import Span
from bot.core.model.values import Severity


@dataclass(frozen=True, slots=True)
class Analyze:
    """Read a window of an environment."""

    environment: str
    span: Span
    services: tuple[str, ...] = ()
    """Empty: the environment's own."""
    severity: Severity | None = None
    """None: the environment's own."""

    @property
    def typed(self) -> str:
        """The same question in its shortest form, after /gardener."""
        said = [self.environment, self.span.typed]
        if self.services:
            said.append(f"service={','.join(self.services)}")
        if self.severity is not None:
            said.append(f"severity={self.severity.name}")
        return " ".join(said)


@dataclass(frozen=True, slots=True)
class DigestOn:
    """A digest every day in this channel."""

    environment: str
    at: str
    """`09:00`"""
    timezone: str

    @property
    def typed(self) -> str:
        """As one types it after /gardener."""
        return f"digest {self.environment} {self.at} {self.timezone}"


@dataclass(frozen=True, slots=True)
class DigestOff:
    """No digest here any more."""

    environment: str | None
    """None: of none."""

    @property
    def typed(self) -> str:
        """As one types it after /gardener."""
        return f"digest off {self.environment}" if self.environment else "digest off"


@dataclass(frozen=True, slots=True)
class DigestNow:
    """What changed since the last digest, at once."""

    environment: str

    @property
    def typed(self) -> str:
        """As one types it after /gardener."""
        return f"digest now {self.environment}"


@dataclass(frozen=True, slots=True)
class ExpectedList:
    """Lists problems marked as expected."""

    environment: str

    @property
    def typed(self) -> str:
        """As one types it after /gardener."""
        return f"expected {self.environment}"


@dataclass(frozen=True, slots=True)
class Why:
    """Each reason for a priority."""

    name: str
    """`C3`"""
    environment: str | None = None
    """None: whichever this channel means."""

    @property
    def typed(self) -> str:
        """As one types it after /gardener."""
        return f"why {self.name} {self.environment}" if self.environment else f"why {self.name}"


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between two revisions."""

    environment: str
    a: str
    """As it was typed, in lower case: `00597`, `00597-abc` or the full name."""
    b: str

    @property
    def typed(self) -> str:
        """As one types it after /gardener."""
        return f"diff {self.environment} {self.a} {self.b}"


@dataclass(frozen=True, slots=True)
class Help:
    """All forms."""

    typed: str = "help"


Command = (
    Analyze
    | DigestOn
    | DigestOff
    | DigestNow
    | ExpectedList
    | Why
    | Diff
    | SameAs
    | SplitBy
    | RuleList
    | Help
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """It was not understood: what is wrong, and the nearest right form."""

    sentence: str
    command: str | None
    """What follows /gardener; None where nothing is near."""
