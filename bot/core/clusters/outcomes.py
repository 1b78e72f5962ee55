"""Distinguishes words that state an outcome from words that name something.

Many different words in one place are usually values: names of users, hosts or queues. An error
code, a state, an exception's class or a reason also varies in one place, but each is a problem of
its own. `WORDS` lists the forms by which an outcome is recognised; `CAUSES` the words that announce
one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bot.core.text.mask import SLOT

CLOSED: Final = 30
"""From this many different words in one place, a word's surroundings no longer make it an outcome:
reasons and states are a closed list, names are not. A word's own form always does."""


Parts = Sequence[str]
"""A message's words and signs."""


@dataclass(frozen=True, slots=True)
class OutcomeForm:
    """One row: what an outcome looks like."""

    name: str
    pattern: re.Pattern[str]
    example: str
    counter: str
    source: str


def _form(name: str, pattern: str, *, example: str, counter: str, source: str) -> OutcomeForm:
    return OutcomeForm(name, re.compile(pattern), example, counter, source)


_CLASS = (
    "Error|Exception|Failure|Fault|Panic|Interrupt|Timeout|Refused|Denied|Forbidden|Unauthorized|"
    "Unauthenticated|NotFound|Unavailable|Exceeded|Exhausted|Aborted|Cancelled|Canceled|Invalid|"
    "Conflict|Missing|Mismatch|Closed|Reset|Full|Overflow|Exit|Warning|Fail(?:ed)?|BadRequest|"
    "BadGateway"
)

WORDS: Final[tuple[OutcomeForm, ...]] = (
    _form(
        "error number",
        r"\AE[A-Z]{3,}\Z",
        example="ECONNREFUSED",
        counter="Ethernet",
        source="POSIX errno.h; Node's err.code",
    ),
    _form(
        "signal",
        r"\ASIG[A-Z]{2,}\Z",
        example="SIGKILL",
        counter="Signal",
        source="POSIX signal.h",
    ),
    _form(
        "class of an error",
        rf"(?:\A|[.:\\])(?=[A-Z])\w*?(?:{_CLASS})s?\Z",
        example="java.net.ConnectException",
        counter="SendMailJob",
        source="naming conventions of Java, Python, JavaScript, .NET and Ruby",
    ),
    _form(
        "status of gRPC",
        r"\A(?:OK|Cancelled|Canceled|Unknown|InvalidArgument|DeadlineExceeded|NotFound|"
        r"AlreadyExists|PermissionDenied|ResourceExhausted|FailedPrecondition|Aborted|OutOfRange|"
        r"Unimplemented|Internal|Unavailable|DataLoss|Unauthenticated)\Z",
        example="DeadlineExceeded",
        counter="Deadline",
        source="https://grpc.io/docs/guides/status-codes/",
    ),
    _form(
        "code in capitals",
        r"\A(?:[\w-]+\.)*(?:[A-Z]{4,}|[A-Z]+(?:_[A-Z]+)+)\Z",
        example="android.intent.action.SCREEN_OFF",
        counter="EUR",
        source="constants of most languages; currencies and countries have at most three letters",
    ),
    _form(
        "participle",
        r"(?i)\A(?:un|re)?[a-z]{3,}(?<!e)ed\Z|\A(?:done|lost|stopping|starting|running|pending|ok)\Z",
        example="cancelled",
        counter="fred",
        source="states are participles: started, finished, failed",
    ),
)

CAUSES: Final = frozenset({
    "because", "cause", "code", "declined", "denied", "errno", "error", "exception", "exit",
    "exited", "failed", "failure", "fatal", "outcome", "phase", "reason", "refused", "rejected",
    "result", "state", "status", "verdict",
})  # fmt: skip
"""Words that announce an outcome behind a sign: `reason: X`."""

_SIGNS = frozenset(":=(['\"#")
_LETTERS = re.compile(r"[^\W\d_]{2}")


@lru_cache(maxsize=32_768)
def is_outcome(word: str) -> bool:
    """Returns whether a word states an outcome by its form alone."""
    return any(form.pattern.search(word) for form in WORDS)


def is_cause(parts: Parts, place: int) -> bool:
    """Returns whether a place stands behind a cause and a sign: `reason: X`, `code = X`."""
    j = place - 1
    while j > 0 and parts[j] in _SIGNS:
        j -= 1
    return j < place - 1 and parts[j].lower() in CAUSES


def are_outcomes(words: Collection[str], parts: Parts, place: int) -> bool:
    """Returns whether the words at one place of otherwise equal messages state outcomes.

    `parts` is one of the messages. They do if half of them have the form of an outcome, or, where
    they are few, if they stand behind a cause or hardly anything else of the message is constant.
    """
    words = [word for word in words if word != SLOT]
    if 2 * sum(map(is_outcome, words)) >= len(words) > 0:
        return True
    if len(words) >= CLOSED:
        return False
    return is_cause(parts, place) or constant(parts, place) <= 1


def constant(parts: Parts, place: int) -> int:
    """Counts a message's constant words, except the one at a place."""
    return sum(
        1
        for i, part in enumerate(parts)
        if i != place and SLOT not in part and _LETTERS.search(part)
    )
