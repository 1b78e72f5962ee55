"""The facts about a cluster that triage rules match on, and the phrase matcher they use."""

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
"""Clients that are a person waiting for an answer."""


class Phrases:
    """Matches a lower-case text against alternatives such as `a|b c|d (?:e|f)`.

    Plain alternatives are searched as substrings, about twenty times faster than a regular
    expression: a run tests every rule against thousands of messages. Another alternative is tried
    only where the text contains its longest literal part.
    """

    __slots__ = ("_gated", "_regex", "_words", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        parts = list(_alternatives(pattern))
        self._words = tuple(part for part in parts if not _METACHARACTER.search(part))
        rest = [(literal(part), part) for part in parts if _METACHARACTER.search(part)]
        self._gated = tuple((need, re.compile(part)) for need, part in rest if need)
        free = [part for need, part in rest if not need]
        self._regex = re.compile("|".join(free)) if free else None

    def __call__(self, text: str) -> bool:
        for word in self._words:
            if word in text:
                return True
        for need, regex in self._gated:
            if need in text and regex.search(text) is not None:
                return True
        return self._regex is not None and self._regex.search(text) is not None


_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])[^\]\\]*(?:\\.[^\]\\]*)*\]|\{[\d,]+\}|.", re.DOTALL)
"""A part of a pattern: an escape, a class, a count or one character."""


def literal(pattern: str) -> str:
    """Returns the longest text that every match of an alternative contains; empty if unknown."""
    runs, run, depth = [""], "", 0
    for piece in _TOKEN.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        sign = piece[1:] if piece[0] == "\\" else piece
        escaped = len(piece) > 1
        if (
            not depth
            and len(sign) == 1
            and (not sign.isalnum() if escaped else not _METACHARACTER.match(sign))
        ):
            run += sign
            continue
        runs.append(run[:-1] if piece[0] in "?*{" else run)
        run = ""
    return max((*runs, run), key=len)


_METACHARACTER = re.compile(r"[\\.^$*+?{}\[\]|()]")


def _alternatives(pattern: str) -> Iterator[str]:
    """Splits a pattern at its top-level bars."""
    depth, part = 0, ""
    for piece in _TOKEN.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and not depth:
            yield part
            part = ""
        else:
            part += piece
    yield part


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known of a cluster at judgement. 0 and empty mean unknown or none."""

    text: str
    """The template in lower case."""
    words: str = ""
    """The representatives' messages, redacted, in their own case; causes quote from them."""
    kind: Kind = Kind.MESSAGE
    severity: Severity = Severity.ERROR
    occurrences: int = 1
    repeats: bool = False
    root_of_crash: bool = False
    nothing_starts: bool = False
    """True if part of the same incident reports that the container did not start."""
    job: bool = False
    """True if a job wrote it: no other revision can take over."""
    answered: int = 0
    """The worst status of the requests in the same incident; 0 without any."""
    status: int = 0
    client: Client | None = None
    health_check: bool = False
    per_request: float = 0.0
    """Occurrences per request logged by the same service; 0.0 if no requests were read."""
    failing: float = 0.0
    """Share of the same service's requests that ended in a server error."""
    same_value: str | None = None
    """A user, account or mail, redacted, that occurs at least three times."""
    swallowed: bool = False
    """True if the service's own redaction has replaced words."""
    judged_by_words: str = ""
    """Why its severity is only that of its words; empty if it has a level."""
    services: frozenset[str] = frozenset()
    module: str = ""
    routes: tuple[str, ...] = ()
    instances: int = 0
    of_instances: int = 0
    """Instances on which the service logged anything at all."""
    revisions: int = 0
    earlier: int = 0
    """Entries in the first half of the time in which the service logged anything."""
    later: int = 0
    """Entries in the second half of that time."""
    root_of: int = 0
    """The number of symptoms it has as an incident's root."""
    symptom: bool = False

    @property
    def is_error(self) -> bool:
        """True for severity ERROR or above, or an exception."""
        return self.severity >= Severity.ERROR or self.kind is Kind.TRACE

    @property
    def mentions_failure(self) -> bool:
        """True if the text contains a word of failure."""
        return FAILURE(self.text)

    @property
    def is_request(self) -> bool:
        """True for the request log or a server's access line."""
        return self.kind is Kind.REQUEST


FAILURE = Phrases(
    r"fail|error|exception|cannot|can't|could not|couldn't|unable|time.?out|timed out|refus|denied"
    r"|reject|missing|not found|no such|invalid|illegal|exceed|unavailable|not available|panic"
    r"|fatal|abort|corrupt|\blost\b|dead|leak|unhandled|uncaught|crash|killed|exit|unauthori"
    r"|forbidden|not authenticated|out of |exhaust|overflow|broken|mismatch|required|must |shut"
    r"|expired|bad |wrong|unknown|unexpected|undefined|not implemented|unsupported|violat|conflict"
    r"|duplicate|nul+ pointer|stopp|terminat|closed|disconnect|reset"
)


NOT_REACHED = Phrases(
    r"connection refused|econnrefused|connectexception|unknownhostexception|no route to host"
    r"|timed out|timeoutexception|noconnectionexception|communications link failure"
)
"""What a service calls was not reached: it decides, though an exception of a general class, a bean
or a database's client reports it: `IllegalStateException: no ledger, caused by …`."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message with some facts: a rule's example, or its counter-example."""

    text: str
    severity: Severity = Severity.ERROR
    more: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Facts`."""

    @property
    def facts(self) -> Facts:
        """Builds the facts that triage would see."""
        times = int(self.more.get("occurrences", 1))
        return Facts(
            text=mask(redact(self.text)).lower(),
            words=redact(self.text),
            severity=self.severity,
            repeats=times >= 3,
            **self.more,
        )
