"""The masked message of a text's words, many times cheaper than by asking each rule in turn.

Which rules of redaction and of the mask may match at all depends on the signs in a message: what
is to be done is looked up by them, since most messages share theirs, and numbers are masked word by
word, since words come again. What comes out is the same: a test holds it to `redact` and `mask`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from bot.core.text.mask import (
    BEYOND_ASCII,
    LIMIT,
    MASKS,
    SLOT,
    ZEROS,
    MaskRule,
)
from bot.core.text.redact import (
    folds,
    is_mixed,
    may_be_id,
    redact,
)
from bot.core.text.redact_rules import RULES
from bot.core.text.trigger_index import WORD, WORDS, Signs


class _Step(NamedTuple):
    """A rule that may match."""

    sub: Callable[[str], str]
    needs: tuple[str, ...]
    """It may do so only where one of these is by then."""


class _Plan(NamedTuple):
    """What is to be done with a text, by the signs in it."""

    plain: bool
    """All words are plain ones."""
    may_be_secret: bool
    by_words: bool
    """The first rule to apply is the one for numbers: word by word."""
    steps: list[_Step]
    """The others."""


def _core(need: str) -> str:
    """What of a rule's need must be in some word of a text from the start."""
    # A slot comes only when rules are applied.
    return next(iter(need.replace(SLOT, "").split()), "")


_SIGNS = Signs(
    {
        *(_core(need) for rule in RULES if not folds(rule) for need in rule.needs),
        *(sign for rule in RULES for sign in rule.gate),
        *(_core(need) for rule in MASKS for need in rule.needs),
    }
    - {"", BEYOND_ASCII},
    {
        *(_core(need) for rule in RULES if folds(rule) for need in rule.needs),
        *(word for rule in RULES for word in rule.also),
    },
    lambda word: not word.isascii(),
    lambda word: not word.isascii() or may_be_id(word),
    is_mixed,
)
_BEYOND_ASCII, _MAY_BE_SECRET, _MIXED = 1, 2, 4


def _decisive() -> int:
    """Without any of these signs nothing is masked but numbers, whatever other signs there are."""
    needs = {(core, folds(rule)) for rule in RULES for need in rule.needs if (core := _core(need))}
    needs |= {(core, False) for rule in MASKS for need in rule.needs if (core := _core(need))}
    needs -= {("0", False), (BEYOND_ASCII, False)}
    signs = _BEYOND_ASCII | _MAY_BE_SECRET
    for core, folded in needs:
        signs |= _SIGNS.bit(core, folded)
    return signs


_DECISIVE = _decisive()


def _may_come(need: str, bits: int) -> bool:
    if need == BEYOND_ASCII:
        return bool(bits & _BEYOND_ASCII)
    return not (core := _core(need)) or bool(bits & _SIGNS.bit(core))


def _planned(bits: int) -> _Plan:
    secret = bool(bits & _MAY_BE_SECRET) or any(
        any(bits & _SIGNS.bit(_core(need), folds=folds(rule)) for need in rule.needs)
        and (not rule.gate or any(bits & _SIGNS.bit(sign) for sign in rule.gate))
        and (not rule.mixed or bits & _MIXED)
        and (not rule.also or any(bits & _SIGNS.bit(word, folds=True) for word in rule.also))
        for rule in RULES
        if rule.needs
    )
    steps: list[_Step] = []
    for rule, sub in zip(MASKS, _SUBS, strict=True):
        there = [need for need in rule.needs if _may_come(need, bits)]
        if any(need in (_core(need), BEYOND_ASCII) for need in there):
            steps.append(_Step(sub, ("",)))
        elif there:
            steps.append(_Step(sub, tuple(there)))
    by_words = bool(steps) and steps[0].sub is _NUMBERS
    return _Plan(not bits & _DECISIVE, secret, by_words, steps[by_words:])


def _replacing(rule: MaskRule) -> Callable[[str], str]:
    """Applies a rule. Its groups are filled in by hand: `re` does so in Python before 3.12."""
    sub, new = rule.pattern.sub, rule.replacement
    if "\\" not in new:
        return lambda text: sub(new, text)
    parts = [int(part) if part.isdigit() else part for part in re.split(r"\\(\d)", new) if part]

    def filled(match: re.Match[str]) -> str:
        return "".join([part if isinstance(part, str) else match[part] or "" for part in parts])

    return lambda text: sub(filled, text)


def _collapsed(text: str) -> str:
    while "00" in text:
        text = text.replace("00", "0")
    return text


class _Words(dict[str, str]):
    """Words whose numbers are slots. That rule matches nothing that holds a blank."""

    def __init__(self, sub: Callable[[str], str]) -> None:
        super().__init__()
        self._sub = sub

    def __missing__(self, word: str) -> str:
        found = self._sub(_collapsed(word)) if "0" in word else word
        if len(word) <= WORD:
            if len(self) >= WORDS:
                self.clear()
            self[word] = found
        return found


_SUBS = [_replacing(rule) for rule in MASKS]
_NUMBERS = next(sub for rule, sub in zip(MASKS, _SUBS, strict=True) if rule.needs == ("0",))
_words = _Words(_NUMBERS)
_plain_words: dict[str, str] = {}
"""Plain words, masked: a text of these alone needs not be asked for its signs."""
_plans: dict[int, _Plan] = {}
_PLANS = 4_096
_OF_PLAIN = _planned(_SIGNS.bit("0")).steps


def _plan(words: list[str]) -> _Plan:
    bits = _SIGNS.of(words)
    plan = _plans.get(bits)
    if plan is None:
        if len(_plans) >= _PLANS:
            _plans.clear()
        plan = _plans[bits] = _planned(bits)
    return plan


def _applied(words: list[str], plan: _Plan) -> str:
    if plan.by_words:
        return _stepped(" ".join(map(_words.__getitem__, words)), plan.steps)
    return _stepped(_collapsed(" ".join(words)), plan.steps)


def _stepped(masked: str, steps: list[_Step]) -> str:
    for sub, needs in steps:
        for need in needs:
            if need in masked:
                masked = sub(masked)
                break
    return masked


def quick_mask(text: str) -> str:
    """As `mask`, of a text whose digits are zeros."""
    if len(text) > LIMIT:
        text = _collapsed(text)[:LIMIT]
    words = text.split()
    return _applied(words, _plan(words))


def masked(words: str) -> str:
    """What is left of a message once it is redacted and its values are slots."""
    data = words.encode("utf-8", "surrogatepass").translate(ZEROS)
    return of_zeroed(data.decode("utf-8", "surrogatepass"))


def of_zeroed(text: str) -> str:
    """As `masked`, of a text whose digits are zeros."""
    if len(text) > LIMIT:  # what is behind may be a part of a secret that begins before it
        return quick_mask(redact(text))
    words = text.split()
    try:
        return _stepped(" ".join(map(_plain_words.__getitem__, words)), _OF_PLAIN)
    except KeyError:
        plan = _plan(words)
    if plan.plain and max(map(len, words), default=0) <= WORD:
        if len(_plain_words) >= WORDS:
            _plain_words.clear()
        _plain_words.update(zip(words, map(_words.__getitem__, words), strict=True))
    if plan.may_be_secret:
        clean = redact(text)
        if clean is not text:
            return quick_mask(clean)
    return _applied(words, plan)
