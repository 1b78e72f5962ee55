"""Redaction: the first thing that happens to text from a log. What it looks for: `redact_rules`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from bot.core.text.mask import ZEROS
from bot.core.text.redact_rules import (
    NAMES_OF_SECRETS,
    REDACTED,
    RULES,
    RedactionRule,
)

_IDS = [place for place, rule in enumerate(RULES) if not rule.needs]
_ALNUM = bytes(ord("a") if chr(byte).isalnum() else byte for byte in range(128)) + bytes(128)
_SHAPES = (
    b"a" * 15, b"a" * 8 + b"-aaaa-aaaa-aaaa-" + b"a" * 12, b"aaaa aaaa aaaa aaaa",
    b"aaaa-aaaa-aaaa-aaaa",
)  # fmt: skip
"""With every letter and digit as an `a`, one of these is in what a rule without needs matches."""
_BASE64 = bytes(ord("a") if chr(byte) in "+/_-" else byte for byte in _ALNUM[:128]) + bytes(128)
_RANDOM = b"a" * 40
"""Or this, with the signs of base64 as an `a` too."""
_NUMBER = b"00-0000"
"""Or this, with every digit as a zero."""
_LETTERS = bytes(byte for byte in range(128) if chr(byte).isalnum() or byte == 0x20)


def folds(rule: RedactionRule) -> bool:
    """Whether it ignores letter case."""
    return bool(rule.pattern.flags & re.IGNORECASE)


def may_be_id(text: str) -> bool:
    """Whether a rule without needs may match an ASCII text, or one with this word in it."""
    # Of four groups of digits between blanks, as on a card, two are words of their own.
    return text == "0000" or _has_a_shape(text)


def _has_a_shape(text: str) -> bool:
    data = text.encode("ascii")
    if b"-" in data and _NUMBER in data.translate(ZEROS):
        return True
    shape = data.translate(_ALNUM)
    return any(sign in shape for sign in _SHAPES) or (
        len(text) >= len(_RANDOM) and _RANDOM in shape.translate(_BASE64)
    )


_Asked = list[tuple[str, bool, list[int]]]
"""(what may be there, whether letter case is ignored, the rules that may match then)."""
_asked: dict[bytes, _Asked] = {}
_REMEMBERED, _SIGNS = 4_096, 128


_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
"""JSON can write half a surrogate pair, which no text that we store, print or post can hold."""


def redact(text: str) -> str:
    """The text without secrets: `REDACTED` for them, `***@` for names, long ids cut.

    Redacting twice changes nothing more. Linear in the length of the text. What is redacted does
    not depend on which digit stands where one does. The result can be written as UTF-8.
    """
    if not text.isascii():  # letters that equal others in odd ways
        text = _HALF_A_PAIR.sub("\ufffd", text)
        rules: Iterable[RedactionRule] = RULES
    else:
        places = needed(text)
        if not _has_a_shape(text) and not any(RULES[at].pattern.search(text) for at in places):
            return text
        # What stands in a secret's place can make one long word of its neighbours.
        rules = [RULES[place] for place in sorted({*places, *_IDS})]
    for rule in rules:
        text = rule.pattern.sub(rule.replacement, text)
    return text


def needed(text: str) -> list[int]:
    """Which rules may match an ASCII text, in their order, leaving aside those for ids."""
    signs = text.encode("ascii").translate(None, _LETTERS)
    asked = _asked.get(signs)
    if asked is None:
        asked = _askable(signs)
        if len(signs) <= _SIGNS:
            if len(_asked) >= _REMEMBERED:
                _asked.clear()
            _asked[signs] = asked
    found: list[int] = []
    lower = text.lower()
    for need, fold, places in asked:
        if need in (lower if fold else text):
            found += places
    return sorted(place for place in set(found) if _also(RULES[place], lower)) if found else found


def _also(rule: RedactionRule, lower: str) -> bool:
    if rule.mixed and not is_mixed(lower):
        return False
    return not rule.also or any(word in lower for word in rule.also)


_MIXED = re.compile(r"(?<![^\s\"',;])(?=[^\s\"',;]*[A-Za-z])[^\s\"',;\d]*\d")


def is_mixed(text: str) -> bool:
    """Whether a word in it has both a letter and a digit."""
    return _MIXED.search(text) is not None


def _askable(signs: bytes) -> _Asked:
    asked: dict[tuple[str, bool], list[int]] = {}
    for place, rule in enumerate(RULES):
        if not rule.gate or any(gate in signs for gate in rule.gate.encode()):
            for need in rule.needs:
                if need.encode().translate(None, _LETTERS) in signs:
                    asked.setdefault((need, folds(rule)), []).append(place)
    return [(need, fold, places) for (need, fold), places in asked.items()]


_SECRET_KEY = re.compile(rf"(?i)^[\w-]{{0,40}}(?:{NAMES_OF_SECRETS})(?:[_-]?(?:value|hash|id))?$")
MAX_DEPTH = 16
MAX_ITEMS = 200
MAX_TEXT = 16_384
"""A sample shows the problem, it is not an archive: text past this is cut, after redaction."""


_SHORT = 64
"""Characters of a key that is worth remembering: services have few, attackers have long ones."""


@lru_cache(1_024)
def _named(key: str) -> tuple[str, bool]:
    """An object's key without secrets, and whether it names one."""
    name = redact(key)[:256]
    return name, _SECRET_KEY.match(name) is not None


def redact_json(value: object, depth: int = 0) -> object:
    """A JSON value without secrets, by what it says and by what its keys are called.

    Bounded: text is cut at `MAX_TEXT` characters, lists and objects at `MAX_ITEMS` items,
    nesting at `MAX_DEPTH`; what was cut says so.
    """
    if isinstance(value, str):
        # What lies four times behind the cut cannot get in front of it by redaction, in practice:
        # only a secret of that length could, and what begins like one is taken to its end.
        clean = redact(value[: 4 * MAX_TEXT])
        return clean if len(clean) <= MAX_TEXT else clean[:MAX_TEXT] + "…"
    if isinstance(value, Mapping):
        if depth >= MAX_DEPTH:
            return "… (nested too deep)"
        out: dict[str, object] = {}
        for key, item in value.items():
            if len(out) >= MAX_ITEMS:
                out["…"] = f"{len(value) - MAX_ITEMS} more"
                break
            named = _named if len(str(key)) <= _SHORT else _named.__wrapped__
            name, names_secret = named(str(key))
            # A list or an object too: Go's and Node's headers hold lists, cookies are objects.
            secret = names_secret and item and not isinstance(item, bool)
            out[name] = REDACTED if secret else redact_json(item, depth + 1)
        return out
    if isinstance(value, list | tuple):
        if depth >= MAX_DEPTH:
            return "… (nested too deep)"
        items = [redact_json(item, depth + 1) for item in value[:MAX_ITEMS]]
        return [*items, f"… {len(value) - MAX_ITEMS} more"] if len(value) > MAX_ITEMS else items
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**16:
        return redact(str(value))
    return value
