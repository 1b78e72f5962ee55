"""Parses the commands that change grouping: `same C3 C5`, `split C3 "token"`, `rules`. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

MOST = 12
"""Maximum number of clusters that one command merges."""

_NAME = re.compile(r"(?i)c-?(\d{1,9})|(c-[0-9a-f]{12})")
_QUOTED = re.compile(
    r"[\"\u201c\u201d\u201e\u00ab](.+)[\"\u201c\u201d\u201f\u00bb]|(?<!\w)'(.+)'(?!\w)"
)


@dataclass(frozen=True, slots=True)
class SameAs:
    """Merges clusters."""

    names: tuple[str, ...]
    """`C3`"""
    environment: str | None = None
    """None for the channel's default."""

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        return " ".join(filter(None, ["same", *self.names, self.environment]))


@dataclass(frozen=True, slots=True)
class SplitBy:
    """Moves the messages that contain a token into a cluster of their own."""

    name: str
    token: str
    environment: str | None = None

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        text = f'split {self.name} "{self.token}"'
        return f"{text} {self.environment}" if self.environment else text


@dataclass(frozen=True, slots=True)
class RuleList:
    """Lists the grouping rules."""

    environment: str

    @property
    def typed(self) -> str:
        """Renders the text after /gardener."""
        return f"rules {self.environment}"


Taught = SameAs | SplitBy
NotUnderstood = tuple[str, str]
"""What is wrong, and the nearest valid command."""


def quoted(text: str) -> str | None:
    """Returns the first quoted text, with inner quotes of the other kind kept."""
    found = _QUOTED.search(text)
    return None if found is None else " ".join((found[1] or found[2]).split()) or None


def name_of(word: str) -> str | None:
    """Normalises a card's name: `c3` and `C-3` become `C3`; None if it is neither name nor id."""
    found = _NAME.fullmatch(word)
    if found is None:
        return None
    return f"C{int(found[1])}" if found[1] else found[2].lower()


def read_same(rest: Sequence[str], environments: Collection[str]) -> SameAs | NotUnderstood:
    """Parses what follows `same`. `environments`: names in lower case."""
    names = [name_of(word) or "" for word in rest]
    found = tuple(dict.fromkeys(filter(None, names)))
    where = [word for word, name in zip(rest, names, strict=True) if not name]
    known = [word for word in where if word.casefold() in environments]
    left = [w for w in where if w not in known and w.casefold() not in {"and", "as", "&", "+", "="}]
    if len(found) < 2:
        first = found[0] if found else "C3"
        other = "C5" if first != "C5" else "C3"
        return "Which cards are the same? Their names stand on them.", f"same {first} {other}"
    if len(found) > MOST:
        return f"At most {MOST} at once.", SameAs(found[:MOST]).typed
    if left:
        return f'I do not understand "{left[0][:60]}".', SameAs(found, _first(known)).typed
    return SameAs(found, _first(known))


def read_split(
    rest: Sequence[str], token: str | None, environments: Collection[str]
) -> SplitBy | NotUnderstood:
    """Parses what follows `split`. `token`: the quoted text, if any."""
    name = name_of(rest[0]) if rest else None
    if name is None:
        return "Split which card, and by which word?", 'split C3 "token"'
    more = list(rest[1:])
    where = None
    # In `split C3 "in staging"`, staging belongs to the token and is not an environment.
    of_token = len(token.split()) if token else 1
    if len(more) > of_token and more[-1].casefold() in environments:
        where = more.pop()
    token = token or " ".join(more)
    if not token:
        return f"Split {name} by which word? One that only a part has.", f'split {name} "token"'
    return SplitBy(name, token, where)


def _first(words: Sequence[str]) -> str | None:
    return words[0] if words else None
