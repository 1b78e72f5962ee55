"""The masked message of a text's words, many times cheaper than by asking each rule in turn.

Which rules of the mask may match at all depends on the signs in a message, its letters, digits and
blanks left out. That is looked up by its signs, since most messages share theirs. What comes out
is the same: a test holds it to `mask`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from bot.garden.mask import BEYOND_ASCII, LIMIT, MASKS, SLOT, ZEROS, MaskRule
from bot.garden.redact import redact

_PLAIN = bytes(byte for byte in range(128) if chr(byte).isalnum() or byte == 0x20)


class _Step(NamedTuple):
    """A rule that may match."""

    sub: Callable[[str], str]
    needs: tuple[str, ...]
    """It may do so only where one of these is by then; empty: nothing is to be asked any more."""


def _signs(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").translate(None, _PLAIN)


def _steps(signs: bytes, lower: bool) -> list[_Step]:
    """The rules that may match a message with these signs, and what is still to be asked."""
    steps: list[_Step] = []
    for rule, sub in zip(MASKS, _SUBS, strict=True):
        at_once, later = False, []
        for need in rule.needs:
            if need == BEYOND_ASCII:
                at_once |= not signs.isascii()
            # A slot comes only when rules are applied, and words are not among the signs.
            elif _signs(need.replace(SLOT, "")) in signs and not (lower and need != need.lower()):
                at_once |= len(_signs(need)) == len(need) == 1
                later.append(need)
        if at_once or later:
            steps.append(_Step(sub, () if at_once else tuple(later)))
    return steps


def _replacing(rule: MaskRule) -> Callable[[str], str]:
    """Applies a rule. Its groups are filled in by hand: `re` does so in Python before 3.12."""
    sub, new = rule.pattern.sub, rule.replacement
    if "\\" not in new:
        return lambda text: sub(new, text)
    parts = [int(part) if part.isdigit() else part for part in re.split(r"\\(\d)", new) if part]

    def filled(match: re.Match[str]) -> str:
        return "".join([part if isinstance(part, str) else match[part] or "" for part in parts])

    return lambda text: sub(filled, text)


def _each_number(sub: Callable[[str], str]) -> Callable[[str], str]:
    """This rule matches nothing that holds a blank, so only words with a digit are given to it."""
    word_masked = lru_cache(maxsize=8_192)(sub)

    def applied(text: str) -> str:
        return " ".join([word_masked(word) if "0" in word else word for word in text.split(" ")])

    return applied


_SUBS = [
    _each_number(_replacing(rule)) if rule.needs == ("0",) else _replacing(rule) for rule in MASKS
]
_plans: dict[tuple[bytes, bool], list[_Step]] = {}
_PLANS, _SIGNS = 4_096, 128


def _plan(masked: str) -> list[_Step]:
    known = signs, lower = _signs(masked), masked.islower()
    plan = _plans.get(known)
    if plan is None:
        plan = _steps(signs, lower)
        if len(signs) <= _SIGNS:
            if len(_plans) >= _PLANS:
                _plans.clear()
            _plans[known] = plan
    return plan


def quick_mask(text: str) -> str:
    """As `mask`, of a text whose digits are zeros."""
    while "00" in text:
        text = text.replace("00", "0")
    masked = " ".join(text[:LIMIT].split())
    for sub, needs in _plan(masked):
        for need in needs:
            if need in masked:
                break
        else:
            if needs:
                continue
        masked = sub(masked)
    return masked


def masked(words: str) -> str:
    """What is left of a message once it is redacted and its values are slots."""
    data = words.encode("utf-8", "surrogatepass").translate(ZEROS)
    return of_zeroed(data.decode("utf-8", "surrogatepass"))


def of_zeroed(words: str) -> str:
    """As `masked`, of words whose digits are zeros."""
    return quick_mask(redact(words))
