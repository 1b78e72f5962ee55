"""Redacts and masks a message, far faster than `mask(redact(text))` and with the same result.

Which rules may match depends on the triggers in a message (see `trigger_index`). The steps to run
are cached by that set of triggers, since most messages share theirs, and numbers are masked word
by word, since words repeat. A test compares the results with those of `redact` and `mask`.
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
    ignores_case,
    is_mixed,
    may_be_id,
    redact,
)
from bot.core.text.redact_rules import RULES
from bot.core.text.trigger_index import CACHE_SIZE, LONGEST_WORD, TriggerIndex


class _Step(NamedTuple):
    """A masking rule that may match."""

    sub: Callable[[str], str]
    needs: tuple[str, ...]
    """Run the rule only if one of these occurs in the text as masked so far."""


class _Plan(NamedTuple):
    """How to redact and mask the texts with one set of triggers."""

    plain: bool
    """No rule but those for numbers and slots can match any of the words."""
    may_be_secret: bool
    """A redaction rule may match."""
    by_words: bool
    """The first masking rule is the one for numbers; it is applied word by word."""
    steps: list[_Step]
    """The remaining masking rules, in order."""


def _core(need: str) -> str:
    """Returns the part of a need that some word of the unmasked text must contain."""
    # Slots appear only while rules are applied.
    return next(iter(need.replace(SLOT, "").split()), "")


_TRIGGERS = TriggerIndex(
    {
        *(_core(need) for rule in RULES if not ignores_case(rule) for need in rule.needs),
        *(char for rule in RULES for char in rule.gate),
        *(_core(need) for rule in MASKS for need in rule.needs),
    }
    - {"", BEYOND_ASCII},
    {
        *(_core(need) for rule in RULES if ignores_case(rule) for need in rule.needs),
        *(word for rule in RULES for word in rule.also),
    },
    lambda word: not word.isascii(),
    lambda word: not word.isascii() or may_be_id(word),
    is_mixed,
)
_BEYOND_ASCII, _MAY_BE_SECRET, _MIXED = 1, 2, 4


def _decisive() -> int:
    """Returns the triggers without which nothing but numbers is masked."""
    needs = {
        (core, ignores_case(rule)) for rule in RULES for need in rule.needs if (core := _core(need))
    }
    needs |= {(core, False) for rule in MASKS for need in rule.needs if (core := _core(need))}
    needs -= {("0", False), (BEYOND_ASCII, False)}
    triggers = _BEYOND_ASCII | _MAY_BE_SECRET
    for core, folded in needs:
        triggers |= _TRIGGERS.bit(core, folded)
    return triggers


_DECISIVE = _decisive()


def _may_occur(need: str, bits: int) -> bool:
    if need == BEYOND_ASCII:
        return bool(bits & _BEYOND_ASCII)
    return not (core := _core(need)) or bool(bits & _TRIGGERS.bit(core))


def _make_plan(bits: int) -> _Plan:
    secret = bool(bits & _MAY_BE_SECRET) or any(
        any(
            bits & _TRIGGERS.bit(_core(need), ignores_case=ignores_case(rule))
            for need in rule.needs
        )
        and (not rule.gate or any(bits & _TRIGGERS.bit(char) for char in rule.gate))
        and (not rule.mixed or bits & _MIXED)
        and (
            not rule.also
            or any(bits & _TRIGGERS.bit(word, ignores_case=True) for word in rule.also)
        )
        for rule in RULES
        if rule.needs
    )
    steps: list[_Step] = []
    for rule, sub in zip(MASKS, _SUBS, strict=True):
        occurring = [need for need in rule.needs if _may_occur(need, bits)]
        if any(need in (_core(need), BEYOND_ASCII) for need in occurring):
            steps.append(_Step(sub, ("",)))
        elif occurring:
            steps.append(_Step(sub, tuple(occurring)))
    by_words = bool(steps) and steps[0].sub is _NUMBERS
    return _Plan(not bits & _DECISIVE, secret, by_words, steps[by_words:])


def _replacer(rule: MaskRule) -> Callable[[str], str]:
    """Returns a function that applies the rule.

    Fills in groups itself, which is faster: before Python 3.12 `re` does so in Python code.
    """
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
    """Cache from a word to the word with its numbers masked.

    Word by word is correct because the rule for numbers never matches across a blank.
    """

    def __init__(self, sub: Callable[[str], str]) -> None:
        super().__init__()
        self._sub = sub

    def __missing__(self, word: str) -> str:
        found = self._sub(_collapsed(word)) if "0" in word else word
        if len(word) <= LONGEST_WORD:
            if len(self) >= CACHE_SIZE:
                self.clear()
            self[word] = found
        return found


_SUBS = [_replacer(rule) for rule in MASKS]
_NUMBERS = next(sub for rule, sub in zip(MASKS, _SUBS, strict=True) if rule.needs == ("0",))
_words = _Words(_NUMBERS)
_plain_words: dict[str, str] = {}
"""Masked forms of plain words: a text of these alone needs no look-up of its triggers."""
_plans: dict[int, _Plan] = {}
_PLANS = 4_096
_PLAIN_STEPS = _make_plan(_TRIGGERS.bit("0")).steps


def _plan(words: list[str]) -> _Plan:
    bits = _TRIGGERS.of(words)
    plan = _plans.get(bits)
    if plan is None:
        if len(_plans) >= _PLANS:
            _plans.clear()
        plan = _plans[bits] = _make_plan(bits)
    return plan


def _run_plan(words: list[str], plan: _Plan) -> str:
    if plan.by_words:
        return _run_steps(" ".join(map(_words.__getitem__, words)), plan.steps)
    return _run_steps(_collapsed(" ".join(words)), plan.steps)


def _run_steps(masked: str, steps: list[_Step]) -> str:
    for sub, needs in steps:
        for need in needs:
            if need in masked:
                masked = sub(masked)
                break
    return masked


def quick_mask(text: str) -> str:
    """Masks a redacted text whose digits are zeros; as `mask`."""
    if len(text) > LIMIT:
        text = _collapsed(text)[:LIMIT]
    words = text.split()
    return _run_plan(words, _plan(words))


def masked(words: str) -> str:
    """Redacts and masks a message."""
    data = words.encode("utf-8", "surrogatepass").translate(ZEROS)
    return masked_zeroed(data.decode("utf-8", "surrogatepass"))


def masked_zeroed(text: str) -> str:
    """Redacts and masks a message whose digits are zeros; as `masked`."""
    if len(text) > LIMIT:  # redact before cutting: a secret may extend across the limit
        return quick_mask(redact(text))
    words = text.split()
    try:
        return _run_steps(" ".join(map(_plain_words.__getitem__, words)), _PLAIN_STEPS)
    except KeyError:
        plan = _plan(words)
    if plan.plain and max(map(len, words), default=0) <= LONGEST_WORD:
        if len(_plain_words) >= CACHE_SIZE:
            _plain_words.clear()
        _plain_words.update(zip(words, map(_words.__getitem__, words), strict=True))
    if plan.may_be_secret:
        clean = redact(text)
        if clean is not text:
            return quick_mask(clean)
    return _run_plan(words, plan)
