"""Redacts text from a log, before anything else happens to it. The rules: `redact_rules`."""

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

_ID_RULES = [i for i, rule in enumerate(RULES) if not rule.needs]
"""Indices of the rules for ids, which need no particular substring."""
_ALNUM = bytes(ord("a") if chr(byte).isalnum() else byte for byte in range(128)) + bytes(128)
_SHAPES = (
    b"a" * 15, b"a" * 8 + b"-aaaa-aaaa-aaaa-" + b"a" * 12, b"aaaa aaaa aaaa aaaa",
    b"aaaa-aaaa-aaaa-aaaa",
)  # fmt: skip
"""What the rules for ids match contains one of these once letters and digits are `a` …"""
_BASE64 = bytes(ord("a") if chr(byte) in "+/_-" else byte for byte in _ALNUM[:128]) + bytes(128)
_RANDOM = b"a" * 40
"""… or this once the other characters of base64 are `a` as well …"""
_NUMBER = b"00-0000"
"""… or this once every digit is `0`."""
_LETTERS = bytes(byte for byte in range(128) if chr(byte).isalnum() or byte == 0x20)


def ignores_case(rule: RedactionRule) -> bool:
    """Returns whether the rule is case-insensitive."""
    return bool(rule.pattern.flags & re.IGNORECASE)


def may_be_id(text: str) -> bool:
    """Returns whether a rule for ids may match this ASCII text, or a text with this word in it."""
    # Of a card number's four groups between blanks, two are words of exactly four digits.
    return text == "0000" or _has_id_shape(text)


def _has_id_shape(text: str) -> bool:
    data = text.encode("ascii")
    if b"-" in data and _NUMBER in data.translate(ZEROS):
        return True
    shape = data.translate(_ALNUM)
    return any(each in shape for each in _SHAPES) or (
        len(text) >= len(_RANDOM) and _RANDOM in shape.translate(_BASE64)
    )


_Candidates = list[tuple[str, bool, list[int]]]
"""(substring, whether its case is ignored, indices of the rules that may match if it occurs)."""
_candidates: dict[bytes, _Candidates] = {}
"""Cache by the punctuation of a text."""
_CACHE_SIZE, _LONGEST_KEY = 4_096, 128


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""A lone surrogate: JSON can escape one, but UTF-8 cannot encode it."""


def redact(text: str) -> str:
    """Replaces secrets by `REDACTED` and names of mail addresses by `***@`, and cuts long ids.

    Idempotent. Takes time linear in the text. Whether a rule matches does not depend on the value
    of any digit. The result can be encoded as UTF-8.
    """
    if not text.isascii():  # case folding beyond ASCII would make the substring tests unreliable
        text = _LONE_SURROGATE.sub("\ufffd", text)
        # Gates are punctuation, which has no case.
        rules: Iterable[RedactionRule] = [
            rule for rule in RULES if not rule.gate or any(sign in text for sign in rule.gate)
        ]
    else:
        found = candidate_rules(text)
        if not _has_id_shape(text) and not any(RULES[i].pattern.search(text) for i in found):
            return text
        # A replacement can join its neighbours to one long word, which the rules for ids match.
        rules = [RULES[i] for i in sorted({*found, *_ID_RULES})]
    for rule in rules:
        text = rule.pattern.sub(rule.replacement, text)
    return text


def candidate_rules(text: str) -> list[int]:
    """Returns the indices of the rules that may match an ASCII text, without those for ids."""
    punctuation = text.encode("ascii").translate(None, _LETTERS)
    candidates = _candidates.get(punctuation)
    if candidates is None:
        candidates = _candidates_for(punctuation)
        if len(punctuation) <= _LONGEST_KEY:
            if len(_candidates) >= _CACHE_SIZE:
                _candidates.clear()
            _candidates[punctuation] = candidates
    found: list[int] = []
    lower = text.lower()
    for need, fold, indices in candidates:
        if need in (lower if fold else text):
            found += indices
    return sorted(i for i in set(found) if _other_needs_met(RULES[i], lower)) if found else found


def _other_needs_met(rule: RedactionRule, lower: str) -> bool:
    if rule.mixed and not is_mixed(lower):
        return False
    return not rule.also or any(word in lower for word in rule.also)


_MIXED = re.compile(r"(?<![^\s\"',;])(?=[^\s\"',;]*[A-Za-z])[^\s\"',;\d]*\d")


def is_mixed(text: str) -> bool:
    """Returns whether a word of the text has both a letter and a digit."""
    return _MIXED.search(text) is not None


def _candidates_for(punctuation: bytes) -> _Candidates:
    found: dict[tuple[str, bool], list[int]] = {}
    for i, rule in enumerate(RULES):
        if not rule.gate or any(gate in punctuation for gate in rule.gate.encode()):
            for need in rule.needs:
                if need.encode().translate(None, _LETTERS) in punctuation:
                    found.setdefault((need, ignores_case(rule)), []).append(i)
    return [(need, fold, indices) for (need, fold), indices in found.items()]


_SECRET_KEY = re.compile(rf"(?i)^[\w-]{{0,40}}(?:{NAMES_OF_SECRETS})(?:[_-]?(?:value|hash|id))?$")
MAX_DEPTH = 16
MAX_ITEMS = 200
MAX_TEXT = 16_384
"""Characters of a text in a redacted entry; more is cut, after redaction. A sample is there to
show the problem, not to archive the entry."""


_LONGEST_CACHED = 64
"""Characters of the longest key that is cached: a service's own keys are few and short, those of
an attacker may be neither."""


@lru_cache(1_024)
def _redact_key(key: str) -> tuple[str, bool]:
    """Returns an object's key, redacted, and whether it names a secret."""
    name = redact(key)[:256]
    return name, _SECRET_KEY.match(name) is not None


_LONGEST_VALUE = 128
"""Characters of the longest value that is cached: labels, log names and the like repeat in every
entry of a service, and texts do not."""
_redact_value = lru_cache(4_096)(redact)


def redact_json(value: object, depth: int = 0, *, cut: bool = True) -> object:
    """Redacts a JSON value: its texts, and all values under keys that name a secret.

    Bounded: nesting is cut at `MAX_DEPTH` and, with `cut`, text at `MAX_TEXT` characters, lists and
    objects at `MAX_ITEMS` items; a `…` marks each cut. What was redacted without `cut` and then
    with it is the same as what was redacted with it at once.
    """
    if isinstance(value, str):
        # Redaction shortens text, so text behind the limit may move in front of it: redact four
        # times the limit. Only a secret longer than that could move text further, and a rule that
        # starts to match one takes all of it.
        if len(value) <= _LONGEST_VALUE:
            return _redact_value(value)
        clean = redact(value[: 4 * MAX_TEXT])
        return clean[:MAX_TEXT] + "…" if cut and len(clean) > MAX_TEXT else clean
    if isinstance(value, Mapping):
        if depth >= MAX_DEPTH:
            return "… (nested too deep)"
        out: dict[str, object] = {}
        for key, item in value.items():
            if cut and len(out) >= MAX_ITEMS:
                out["…"] = f"{len(value) - MAX_ITEMS} more"
                break
            redact_key = (
                _redact_key if len(str(key)) <= _LONGEST_CACHED else _redact_key.__wrapped__
            )
            name, names_secret = redact_key(str(key))
            # Lists and objects too: headers of Go and Node are lists, cookies are objects.
            secret = names_secret and item and not isinstance(item, bool)
            out[name] = REDACTED if secret else redact_json(item, depth + 1, cut=cut)
        return out
    if isinstance(value, list | tuple):
        if depth >= MAX_DEPTH:
            return "… (nested too deep)"
        kept = value[:MAX_ITEMS] if cut else value
        items = [redact_json(item, depth + 1, cut=cut) for item in kept]
        return [*items, f"… {len(value) - len(kept)} more"] if len(value) > len(kept) else items
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**16:
        return redact(str(value))
    return value
