"""Ids that stand alone in a message, taken out before anything else is asked: a first, fast mask.

`mask` takes far more for a value. This takes only what no rule of it or of redaction could see
otherwise than as one value, so that messages that differ in such ids need to be masked once.
"""

from __future__ import annotations

import re

from bot.garden.redact import NAMES_OF_SECRETS, needed

_START, _END = r"(?<![^\s=(\[])", r"(?![^\s,;)\]])"
_ID = re.compile(rf"0(?<=[\s=(\[]0)[0-9a-f]*+{_END}")
"""A word of hexadecimal digits that begins with `0`, alone between blanks, brackets or commas.
It is entered at its zero, which is found fastest: the texts have no other digits."""
_ID_WITH_LETTERS = re.compile(rf"{_START}[a-f]++0[0-9a-f]*+{_END}")
_UUID = re.compile(
    rf"{_START}(?=[a-f]{{0,7}}0)[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}{_END}"
)
LIMIT = 2_048
"""Characters of a message that can be told from others by this."""
_MONTHS = re.compile("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec")
_SECRET = re.compile(
    rf"(?i)eyJ|bearer|basic|PRIVATE KEY|AIza|ya00|GOCSPX|0//|@|gh[pousr]_|github_pat|xox|xapp"
    rf"|hooks\.slack|[spr]k[_-]|SG\.|glpat|npm_|pypi-|hf_|A[KSRIBC][IOC]A"
    rf"|(?:{NAMES_OF_SECRETS})[\w-]{{0,24}}\\?[\"']?\s?[:=]"
)


def without_numbers(words: str) -> str:
    """The message with `0` for each id that begins with a digit. Its digits must be zeros."""
    return _ID.sub("0", words)


def without_ids(words: str) -> str:
    """The message with `0` for each other id as well."""
    words = _ID_WITH_LETTERS.sub("0", words)
    return _UUID.sub("0", words) if words.count("-") >= 4 else words


def decides(wide: str) -> bool:
    """Whether all messages that lose their ids and become this are masked alike.

    Not where a secret may stand, whose form decides what is redacted, nor beside a month, which
    makes a date of a number but not of an id.
    """
    if not wide.isascii() or _MONTHS.search(wide):
        return False
    return not needed(wide) or not _SECRET.search(wide)
