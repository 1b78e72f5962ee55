"""A message → the line that wrote it.

A message is matched to the most specific template: all its literal parts, in order; among those
that fit, the one with the most letters. Where two places say the same, none is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.core.entries.understand import message
from bot.core.model.values import JSON, Location
from bot.core.source.index import (
    WORDS,
    Found,
    SourceIndex,
    Template,
    dotted,
    even,
    letters,
    worth,
)
from bot.core.source.log_calls import HOLE, CallKind
from bot.core.text.level_headers import header, plain
from bot.core.text.redact_rules import REDACTED

Locate = Callable[[str], Location | None]
"""A message's own words (see `words`) → where they are written; None: not known, or not sure."""

_SWALLOWED = re.compile(
    r"(?i)(\b\w*(?:secret|auth|token|jwt|passwd|password|key|credential)s?)\b[\s:=]+\S+"
)
"""A secret's name and the word after it, which many services' log filters take away."""
MESSAGE_LIMIT = 8_192
CONTAINED = 16
"""Letters that a template must have, in three words, to be looked for inside a message."""


def words(raw: JSON) -> str:
    """An entry's own words without header and colours; not redacted: never to be shown."""
    text = plain(message(raw, error=False)[: 2 * MESSAGE_LIMIT])
    return text[header(text).length :]


@dataclass(slots=True)
class _Pattern:
    template: Template
    parts: Sequence[str]
    weight: int
    many: bool
    """Three words or more."""

    def fits(self, text: str) -> int | None:
        """0: all of the text, 1: some of it, None: not at all."""
        if self._whole(text):
            return 0
        if self.weight >= CONTAINED and self.many and self._inside(text):
            return 1
        return None

    def _whole(self, text: str) -> bool:
        # The blank stands for an empty last value: `Failed: %s` of an exception without words.
        parts, text = self.parts, text + " "
        if len(parts) == 1:
            return text.rstrip() == parts[0].rstrip()
        if not text.startswith(parts[0]):
            return False
        at = self._middle(text, len(parts[0]))
        return at >= 0 and (not parts[-1] or text[at:].endswith(parts[-1] + " "))

    def _inside(self, text: str) -> bool:
        parts = [part for part in self.parts if part.strip()]
        at = 0
        for part in parts:
            at = text.find(part, at)
            if at < 0:
                return False
            at += len(part)
        return True

    def _middle(self, text: str, at: int) -> int:
        for part in self.parts[1:-1]:
            at = text.find(part, at)
            if at < 0:
                return -1
            at += len(part)
        return at


@dataclass(slots=True)
class Matcher:
    """Answers for one index; quick after the first question."""

    index: SourceIndex
    _by_word: dict[str, list[_Pattern]] = field(init=False, default_factory=dict)
    _others: list[_Pattern] = field(init=False, default_factory=list)
    _swallowed: list[_Pattern] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        for template in self.index.templates:
            pattern = _pattern(template, template.text)
            anchor = _anchor(template.text)
            if anchor is None:
                self._others.append(pattern)
            else:
                self._by_word.setdefault(anchor, []).append(pattern)

    def locate(self, text: str) -> Location | None:
        """`Locate`."""
        found = self.find(text)
        return found.location if found else None

    def find(self, text: str) -> Found | None:
        """Where the words (see `words`) are written; None: nowhere here, or in several places."""
        text = text[:MESSAGE_LIMIT]
        first = next((line for line in text.splitlines() if line.strip()), "")
        for form in dict.fromkeys((even(text), even(first))):
            if form and (best := self._best(form)):
                return self._found(best)
        return None

    def _best(self, text: str) -> list[Template]:
        """The most specific of the templates that fit."""
        best: list[Template] = []
        rank: tuple[int, ...] = ()
        for pattern in self._candidates(text):
            fit = pattern.fits(text)
            if fit is None:
                continue
            template = pattern.template
            # Where it was logged beats where it was raised, and all of it beats a part.
            mine = (
                2 * fit + (template.kind is CallKind.RAISED),
                -pattern.weight,
                len(pattern.parts),
            )
            if not rank or mine < rank:
                best, rank = [template], mine
            elif mine == rank:
                best.append(template)
        return best

    def _candidates(self, text: str) -> Iterator[_Pattern]:
        for word in dict.fromkeys(WORDS.findall(text)):
            yield from self._by_word.get(word, ())
        yield from self._others
        if REDACTED in text:
            yield from self._variants()

    def _variants(self) -> list[_Pattern]:
        """The templates as they read once a log filter has swallowed words."""
        if self._swallowed is None:
            self._swallowed = [
                _pattern(template, text)
                for template in self.index.templates
                if (text := _SWALLOWED.sub(rf"\1{HOLE}", template.text)) != template.text
                and worth(text)
            ]
        return self._swallowed

    def _found(self, best: Sequence[Template]) -> Found | None:
        first = best[0]
        if any((t.file, t.function) != (first.file, first.function) for t in best):
            return None
        line = first.line if all(t.line == first.line for t in best) else None
        where = Location(dotted(first.file), first.function, line)
        return Found(first, where, self.index.owned_by(first.file))


def _pattern(template: Template, text: str) -> _Pattern:
    parts = re.sub(f"{HOLE}+", HOLE, text).split(HOLE)
    return _Pattern(template, parts, letters(text), len(WORDS.findall(text)) >= 3)


def _anchor(text: str) -> str | None:
    """A word that every message of the template holds: whole, so not beside a hole."""
    whole = [
        found[0]
        for found in WORDS.finditer(text)
        if HOLE
        not in (text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1])
    ]
    return max(whole, key=len, default=None)
