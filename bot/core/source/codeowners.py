"""Parses CODEOWNERS as GitHub does, and finds the owners of a file.

The last matching line wins; a line without owners removes ownership. Syntax that GitHub does not
support there (`!`, character ranges, sections) is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Paths at which GitHub looks for the file; it uses the first that exists."""
LIMIT = 3_000_000
"""Bytes of the largest CODEOWNERS file that GitHub reads."""

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OWNER = re.compile(r"@[\w.-]+(?:/[\w.-]+)?|[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(frozen=True, slots=True)
class OwnerRule:
    """One line: a pattern of files, and their owners."""

    pattern: str
    owners: tuple[str, ...]
    """`@user`, `@organisation/team` or a mail address; empty: no owner."""
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", _compile(self.pattern))

    def __contains__(self, path: str) -> bool:
        return self._compiled.fullmatch(path) is not None


def rules(text: str) -> tuple[OwnerRule, ...]:
    """Parses the rules, in the order of the file. Never raises."""
    found: list[OwnerRule] = []
    for line in text.splitlines():
        words = _COMMENT.sub("", line).replace("\\ ", "\0").split()
        if not words or words[0][0] in "![^" or "[" in words[0]:
            continue
        owners = tuple(word for word in words[1:] if _OWNER.fullmatch(word))
        found.append(OwnerRule(words[0].replace("\0", " "), owners))
    return tuple(found)


def owners(found: tuple[OwnerRule, ...], path: str) -> tuple[str, ...]:
    """Returns the owners of a path (from the repository's root, with slashes); empty if none."""
    return next((rule.owners for rule in reversed(found) if path in rule), ())


def _compile(pattern: str) -> re.Pattern[str]:
    rooted = "/" in pattern.rstrip("/")
    folder = pattern.endswith("/")
    core = pattern.strip("/")
    out = "" if rooted else "(?:.*/)?"
    for piece in re.split(r"(\*\*/|/\*\*$|\*+|\?)", core):
        out += (
            _GLOB[piece[:2] if piece.startswith("**") and piece != "**/" else piece]
            if (piece in _GLOB or piece.startswith("**"))
            else re.escape(piece)
        )
    if folder:
        out += "/.*"
    elif not (rooted and core.endswith("/*")) and not core.endswith("**"):
        out += "(?:/.*)?"
    return re.compile(out)


_GLOB = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
