"""Cuts long ids and random texts to their first characters; leaves names as they are."""

from __future__ import annotations

import re


def cut(match: re.Match[str]) -> str:
    """Cuts an id to its first eight characters, as a worklog shows it: `10812417...`."""
    return match[0][:8] + "..."


_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


_UNSPEAKABLE = re.compile(r"(?i)[^aeiouy]{6}|[jqvxz]{2}|^[^aeiouy]{5,}$")


def is_name(token: str) -> bool:
    """Returns whether the token is a name in camel case: `OAuth2AuthorizationV1Beta2Exception`.

    A name has words of more than four letters on average that one can speak, two of them with a
    capital first, and few short numbers. Of random texts of 24 letters and digits less than
    two in ten thousand have.
    """
    parts = _PARTS.findall(token)
    numbers = [part for part in parts if part.isdigit()]
    words = [part for part in parts if not part.isdigit()]
    capitals = sum(word[0].isupper() and word[1:].islower() for word in words)
    return (
        capitals >= 2
        and len(numbers) <= 4
        and sum(map(len, words)) >= 4.3 * len(words)
        and all(len(number) <= 2 for number in numbers[:-1])
        and all(len(number) <= 4 for number in numbers)
        and not any(map(_UNSPEAKABLE.search, words))
    )


def cut_mixed(match: re.Match[str]) -> str:
    """Cuts a token only if it mixes letters and digits: a long word is a name, not an id."""
    token = match[0]
    if is_name(token):
        return token
    digits = sum(c.isdigit() for c in token)
    return token[:8] + "..." if 2 <= digits < len(token) else token


_MIXED = re.compile(r"[a-z](?=[A-Z\d])|[A-Z](?=[a-z\d])|\d(?=[A-Za-z])")
_MIN_CHANGES = 0.3
"""Changes between lower case, upper case and digits per character, from which text is random:
base64 has 0.64 on average, hexadecimal 0.47; a path or a compound name hardly reaches 0.25."""


def cut_random(match: re.Match[str]) -> str:
    """Cuts a token that looks random: few words in it, and frequent changes of character class."""
    path = _PATH.match(match[0])
    start = path.end() if path else 0
    token = match[0][start:]
    parts = re.split(r"[/_+=-]", token)
    words = sum(len(part) for part in parts if _WORD.fullmatch(part))
    if (
        len(token) < 32
        or all(is_name(part) or not part for part in parts)
        or 4 * words > len(token)
        or len(_MIXED.findall(token)) < _MIN_CHANGES * len(token)
    ):
        return match[0]
    return match[0][:start] + "".join(parts)[:8] + "..."


_PATH = re.compile(r"/?(?:[a-z]{2,32}[/_-])+")
_WORD = re.compile(r"[a-z]{3,}|[A-Z]{3,}")
