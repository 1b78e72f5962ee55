"""Marks words that a service's own log filter removed, where that may reverse the meaning.

Some services replace the word after *secret*, *auth* or *key*, not only its value: the line
`SERVICE_SECRET=REDACTED found in config` was "SERVICE_SECRET not found in config". A title must
not claim "found" then.
"""

from __future__ import annotations

import re

from bot.core.text.redact_rules import REDACTED

_GAP = rf"(?:=\s?(?:{REDACTED}|<\*>))"
_NAME = r"(?:secret|auth|key|token|password|jwt|credentials?)\w{0,20}\s?"
_TURNED = re.compile(
    rf"(?i)({_NAME}{_GAP}) (?:found|set|configured|available|present|provided|valid|defined"
    r"|loaded|installed)\b"
)
_PROSE = re.compile(rf"(?i)({_NAME}{_GAP}) (?=[a-z]{{2,}}\b)")


def turned(text: str) -> bool:
    """Returns whether a word that may have been negated follows a removed word."""
    return _TURNED.search(text) is not None


def marked(text: str) -> str:
    """Puts `…` where words were removed, if one of them may have been a "not".

    Drops the word that may have been negated (`found`). Returns all other text unchanged.
    """
    if not turned(text):
        return text
    return _PROSE.sub(r"\1 … ", _TURNED.sub(r"\1 …", text))
