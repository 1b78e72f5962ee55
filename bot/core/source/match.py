"""Finds the source line that wrote a message.

A template matches if the message contains its literal parts in order; of several, the one with the
most letters is the most specific. If two functions have equally good templates, there is no match.
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
    count_letters,
    dotted,
    is_specific,
    normalized,
)
from bot.core.source.log_calls import HOLE, CallKind
from bot.core.text.level_headers import header, plain
from bot.core.text.redact_rules import REDACTED

Locate = Callable[[str], Location | None]
"""Maps a message (see `words`) to its source location; None if unknown or ambiguous."""

_SWALLOWED = re.compile(
    r"(?i)(\b\w*(?:secret|auth|token|jwt|passwd|password|key|credential)s?)\b[\s:=]+\S+"
)
"""A secret's name and the word after it, which many services' log filters remove."""
MESSAGE_LIMIT = 8_192
"""Characters of a message that are matched."""
CONTAINED = 16
"""Letters that a template needs, in at least three words, to match a part of a message."""


def words(raw: JSON) -> str:
    """Returns an entry's message without header and colours. Not redacted: never show it."""
    text = plain(message(raw, error=False)[: 2 * MESSAGE_LIMIT])
    return text[header(text).length :]


@dataclass(slots=True)
class _Pattern:
    template: Template
    parts: Sequence[str]
    weight: int
    many: bool
    """Whether the template has at least three words."""

    def fits(self, text: str) -> int | None:
        """Returns 0 if the template matches the whole text, 1 a part of it, None if neither."""
        if self._whole(text):
            return 0
        if self.weight >= CONTAINED and self.many and self._inside(text):
            return 1
        return None

    def _whole(self, text: str) -> bool:
        # The blank allows an empty last value: `Failed: %s` with an exception without a message.
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
    """Matches messages to the templates of one index, which it groups by word when created."""

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
        """Returns the location that writes a message; a `Locate`."""
        found = self.find(text)
        return found.location if found else None

    def find(self, text: str) -> Found | None:
        """Finds the place that writes a message (see `words`); None if there is none or several."""
        text = text[:MESSAGE_LIMIT]
        first = next((line for line in text.splitlines() if line.strip()), "")
        for form in dict.fromkeys((normalized(text), normalized(first))):
            if form and (best := self._best(form)):
                return self._found(best)
        return None

    def _best(self, text: str) -> list[Template]:
        """Returns the most specific matching templates; several if they are equally specific."""
        best: list[Template] = []
        rank: tuple[int, ...] = ()
        for pattern in self._candidates(text):
            fit = pattern.fits(text)
            if fit is None:
                continue
            template = pattern.template
            # A whole match beats a partial one; then a log call beats a raised exception.
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
        """Returns the templates as they read after a log filter has removed words."""
        if self._swallowed is None:
            self._swallowed = [
                _pattern(template, text)
                for template in self.index.templates
                if (text := _SWALLOWED.sub(rf"\1{HOLE}", template.text)) != template.text
                and is_specific(text)
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
    return _Pattern(template, parts, count_letters(text), len(WORDS.findall(text)) >= 3)


def _anchor(text: str) -> str | None:
    """Returns the longest word that every message contains: one not adjacent to a hole."""
    whole = [
        found[0]
        for found in WORDS.finditer(text)
        if HOLE
        not in (text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1])
    ]
    return max(whole, key=len, default=None)
