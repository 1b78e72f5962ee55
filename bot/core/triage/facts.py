"""What a triage rule may know of a cluster, and how a rule asks what a message says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.entries.understand import Kind
from bot.core.model.values import Severity
from bot.core.text.access_lines import Client
from bot.core.text.mask import mask
from bot.core.text.redact import redact

USERS = (Client.BROWSER, Client.OWN_PAGE)
"""Who is somebody that waits for an answer."""


class Says:
    """Whether a text says one of several things: `a|b c|d (?:e|f)`, in lower case.

    Plain alternatives are looked for as text, twenty times quicker than as a pattern: a run asks
    every rule of thousands of messages.
    """

    __slots__ = ("_regex", "_words", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        parts = list(_alternatives(pattern))
        self._words = tuple(part for part in parts if not _SIGN.search(part))
        rest = [part for part in parts if _SIGN.search(part)]
        self._regex = re.compile("|".join(rest)) if rest else None

    def __call__(self, text: str) -> bool:
        return any(word in text for word in self._words) or (
            self._regex is not None and self._regex.search(text) is not None
        )


_SIGN = re.compile(r"[\\.^$*+?{}\[\]|()]")


def _alternatives(pattern: str) -> Iterator[str]:
    """The alternatives at the top level of a pattern that has no bars within brackets `[]`."""
    depth, start = 0, 0
    for i, sign in enumerate(pattern):
        escaped = i > 0 and pattern[i - 1] == "\\"
        if sign in "()" and not escaped:
            depth += 1 if sign == "(" else -1
        elif sign == "|" and depth == 0 and not escaped:
            yield pattern[start:i]
            start = i + 1
    yield pattern[start:]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of a cluster when it is judged. 0 and empty: not known, or none."""

    text: str
    """The template in lower case."""
    kind: Kind = Kind.MESSAGE
    severity: Severity = Severity.ERROR
    occurrences: int = 1
    repeats: bool = False
    root_of_crash: bool = False
    status: int = 0
    client: Client | None = None
    health_check: bool = False
    per_request: float = 0.0
    """Occurrences per request that the same service logged; 0.0 where none was read."""
    failing: float = 0.0
    """Share of the same service's requests that ended in a server error."""
    same_value: str | None = None
    """A value behind a mask that stands in three or more of the occurrences."""
    swallowed: bool = False
    """The service's own filter has replaced words."""
    services: frozenset[str] = frozenset()
    module: str = ""
    routes: tuple[str, ...] = ()
    instances: int = 0
    of_instances: int = 0
    """On how many instances the service wrote anything at all."""
    revisions: int = 0
    earlier: int = 0
    """Entries in the first half of the time in which the service wrote anything at all."""
    later: int = 0
    """Entries in the second half."""
    root_of: int = 0
    """So many symptoms follow from it."""
    symptom: bool = False

    @property
    def is_error(self) -> bool:
        """Severity ERROR or above, or an exception."""
        return self.severity >= Severity.ERROR or self.kind is Kind.TRACE

    @property
    def says_failure(self) -> bool:
        """Whether a word of failure stands in it."""
        return FAILURE(self.text)

    @property
    def is_request(self) -> bool:
        """From the request log, or a server's access line."""
        return self.kind is Kind.REQUEST


FAILURE = Says(
    r"fail|error|exception|cannot|can't|could not|couldn't|unable|time.?out|timed out|refus|denied"
    r"|reject|missing|not found|no such|invalid|illegal|exceed|unavailable|not available|panic"
    r"|fatal|abort|corrupt|\blost\b|dead|leak|unhandled|uncaught|crash|killed|exit|unauthori"
    r"|forbidden|not authenticated|out of |exhaust|overflow|broken|mismatch|required|must |shut"
    r"|expired|bad |wrong|unknown|unexpected|undefined|not implemented|unsupported|violat|conflict"
    r"|duplicate|nul+ pointer|stopp|terminat|closed|disconnect|reset"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A message with what is known of it: a rule's example, or what it must leave alone."""

    text: str
    severity: Severity = Severity.ERROR
    more: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Facts`."""

    @property
    def facts(self) -> Facts:
        """As triage sees it."""
        times = int(self.more.get("occurrences", 1))
        return Facts(
            text=mask(redact(self.text)).lower(),
            severity=self.severity,
            repeats=times >= 3,
            **self.more,
        )
