"""The last words of a process: which of the lines before its end says why, if no level says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.core.text import stderr_words
from bot.core.text.level_headers import header, plain


class LastWords(NamedTuple):
    """One way in which a dying process says why."""

    name: str
    find: re.Pattern[str]
    heading: re.Pattern[str] | None
    """If set, the cause is the first line with words after this heading, which follows."""
    example: str
    counter: str


LAST_WORDS: tuple[LastWords, ...] = (
    LastWords(
        "a report of Spring Boot",
        re.compile(r"application failed to start", re.IGNORECASE),
        re.compile(r"\s{0,8}description:", re.IGNORECASE),
        "APPLICATION FAILED TO START",
        "Started Application in 3.1 seconds",
    ),
    LastWords(
        "an exception, a panic or a fatal error",
        re.compile(
            r"^\W{0,4}(?:panic|fatal(?: error)?|uncaught|unhandled|thread '.{1,40}' panicked)\b"
            r"|^(?:\w+[.:]){0,8}[A-Z]\w{1,80}(?:Error|Exception|Failure)\b",
        ),
        None,
        "fatal error: all goroutines are asleep - deadlock!",
        "fatality rate of the model",
    ),
)
"""In order: the first that one of the lines has decides; of its lines the earliest."""

_LACKS = re.compile(
    r"\b(?:required|unset|unknown|violat\w+|must (?:be|not)|not specified"
    r"|no \w+ (?:is |are |was |were )?(?:configured|set|given|found|specified|provided))\b",
    re.IGNORECASE,
)
"""Words that say why only because the process ended right after them: what it lacked."""


def says_failure(text: str) -> bool:
    """True if a line without a level says that something failed."""
    words = _words(text)
    return any(form.find.search(words) for form in LAST_WORDS) or bool(stderr_words.severity(words))


def cause_among(lines: Sequence[str]) -> int | None:
    """Returns the index of the line that says why the process ended; None if none does."""
    words = [_words(line) for line in lines]
    for form in LAST_WORDS:
        for i, text in enumerate(words):
            if not form.find.search(text):
                continue
            if form.heading is None:
                return i
            named = _after(words, i, form.heading)
            if named is not None:
                return named
    failed = (i for i, text in enumerate(words) if stderr_words.severity(text))
    lacked = (i for i, text in enumerate(words) if _LACKS.search(text))
    return next(failed, next(lacked, None))


def _after(words: Sequence[str], start: int, heading: re.Pattern[str]) -> int | None:
    """Returns the index of the first line with words after the heading."""
    for i in range(start, len(words)):
        if heading.fullmatch(words[i]):
            return next((n for n in range(i + 1, len(words)) if words[n].strip()), None)
    return None


def report_of(text: str) -> str:
    """Returns what a start report in one text names as the cause; empty if it is none."""
    for form in LAST_WORDS:
        if form.heading is not None and form.find.search(text):
            lines = text.split("\n")
            named = _after(lines, 0, form.heading)
            if named is not None:
                return lines[named].strip()
    return ""


def _words(text: str) -> str:
    text = plain(text[:2_000])
    return text[header(text).length :].strip()
