"""Words that a service's own log filter has swallowed, marked where they change the meaning.

Some services replace the word after *secret*, *auth* or *key*, not only its value: the line
`SERVICE_SECRET=REDACTED found in config` stands for "SERVICE_SECRET not found in config". Our own
titles must not say "found" then.
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
    """Whether a word that may have been negated follows a gap."""
    return _TURNED.search(text) is not None


def marked(text: str) -> str:
    """The text with `…` for every swallowed word, if one of them may have been a "not".

    What a "not" may have stood before is left out. All other text stays as it is.
    """
    if not turned(text):
        return text
    return _PROSE.sub(r"\1 … ", _TURNED.sub(r"\1 …", text))
