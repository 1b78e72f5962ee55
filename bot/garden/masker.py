"""The masked message of a text's words, many times cheaper than asking `mask` each time.

Two shortcuts, neither of which changes what comes out:

- Messages that differ in ids that stand alone are masked once, and remembered.
- Which rules of the mask may match at all depends on the signs in a message. That is looked up by
  its signs, since most messages share theirs.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from bot.garden.mask import LIMIT, MASKS, SLOT, MaskRule, collapse
from bot.garden.redact import NAMES_OF_SECRETS, needed, redact

# --- ids that stand alone ------------------------------------------------------------------------

_START, _END = r"(?<![^\s=(\[])", r"(?![^\s,;)\]])"
_ID = re.compile(rf"0(?<=[\s=(\[]0)[0-9a-f]*+{_END}")
"""A word of hexadecimal digits that begins with `0`, alone between blanks, brackets or commas.
It is entered at its zero, which is found fastest: the texts have no other digits."""
_ID_WITH_LETTERS = re.compile(rf"{_START}[a-f]++0[0-9a-f]*+{_END}")
_UUID = re.compile(
    rf"{_START}(?=[a-f]{{0,7}}0)[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}{_END}"
)
_SHORT = 2_048
"""Characters of a message that can be told from others by what it is without ids."""
_MONTHS = re.compile("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec")
_SECRET = re.compile(rf"(?i)bearer|basic|(?:{NAMES_OF_SECRETS})[\w-]{{0,24}}\\?[\"']?\s?[:=]")


def without_numbers(words: str) -> str:
    """The message with `0` for each id that begins with a digit. Its digits must be zeros."""
    return _ID.sub("0", words)


def without_ids(words: str) -> str:
    """The message with `0` for each other id as well."""
    words = _ID_WITH_LETTERS.sub("0", words)
    return _UUID.sub("0", words) if words.count("-") >= 4 else words


def decides(wide: str) -> bool:
    """Whether all messages that lose their ids and become this are masked alike, as it is.

    Not where an id may be a secret, whose form decides what is redacted, nor beside a month, which
    makes a date of a number but not of an id.
    """
    if not wide.isascii() or (not wide.islower() and _MONTHS.search(wide)):
        return False
    return not needed(wide) or not _SECRET.search(wide)


# --- rules that may match ------------------------------------------------------------------------

_LETTERS = bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B)) + b" "


def _signs(text: str) -> bytes:
    """What is neither a letter of ASCII nor a blank."""
    return text.encode("utf-8", "surrogatepass").translate(None, _LETTERS)


class _Step(NamedTuple):
    """A rule that may match."""

    rule: MaskRule
    needs: tuple[str, ...]
    """It may do so only where one of these is by then; empty: nothing is to be asked any more."""
    capitals: bool
    """All of these have some, so that a message in lower case need not be asked."""


def _steps(signs: bytes) -> list[_Step]:
    """The rules that may match a message with these signs, and what is still to be asked."""
    steps: list[_Step] = []
    for rule in MASKS:
        # Slots come and go while rules are applied, and words are not among the signs.
        later = tuple(
            need
            for need in rule.needs
            if (SLOT in need or not _signs(need)) and _signs(need.replace(SLOT, "")) in signs
        )
        now = [_signs(need) for need in rule.needs if SLOT not in need and _signs(need)]
        if not rule.needs or any(need in signs for need in now):
            steps.append(_Step(rule, (), False))
        elif later:
            steps.append(
                _Step(rule, later, not any(need.islower() or SLOT in need for need in later))
            )
    return steps


_NUMBERS = next(rule for rule in MASKS if rule.needs == ("0",))
"""It matches nothing that holds a blank, so only words with a digit are given to it."""

_plans: dict[bytes, list[_Step]] = {}
_PLANS, _SIGNS = 4_096, 128


@lru_cache(maxsize=8_192)
def _numbered(word: str) -> str:
    return _NUMBERS.pattern.sub(_NUMBERS.replacement, word)


def quick_mask(text: str) -> str:
    """As `mask`: a test holds it to that."""
    masked = " ".join(collapse(text)[:LIMIT].split())
    signs = _signs(masked)
    plan = _plans.get(signs)
    if plan is None:
        plan = _steps(signs)
        if len(signs) <= _SIGNS:
            if len(_plans) >= _PLANS:
                _plans.clear()
            _plans[signs] = plan
    lower = masked.islower()
    for rule, needs, capitals in plan:
        if needs:
            if lower and capitals:
                continue
            for need in needs:
                if need in masked:
                    break
            else:
                continue
        if rule is _NUMBERS:
            words = [_numbered(word) if "0" in word else word for word in masked.split(" ")]
            masked = " ".join(words)
        else:
            masked = rule.pattern.sub(rule.replacement, masked)
    return masked


def masked(words: str) -> str:
    """What is left of a message once it is redacted and its values are slots."""
    return quick_mask(redact(words))


class Masker:
    """As `mask(redact(words))`, but remembers.

    The memory is bounded: it is emptied when full, which costs time and changes nothing.
    """

    def __init__(self, capacity: int = 32_768) -> None:
        """So many messages are remembered."""
        self._capacity = capacity
        self._known: dict[str, str] = {}

    def __call__(self, words: str) -> str:
        """The masked message."""
        if len(words) > _SHORT:
            return masked(words)
        wide = without_numbers(words)
        known = self._known.get(wide)
        if known is None:
            wide = without_ids(wide)
            known = self._known.get(wide)
        if known is None:
            if not decides(wide):
                return masked(words)
            if len(self._known) >= self._capacity:
                self._known.clear()
            known = self._known[wide] = masked(wide)
        return known
