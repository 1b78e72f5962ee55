"""Which line of a repository wrote a message, where the log itself does not say.

index = build("acme/backend", files, made=now)
found = Matcher(index).find("Session access failed: no middleware")  # see source_match
"""

from __future__ import annotations

import ast
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO

from bot.core.model.values import Location
from bot.core.source.codeowners import (
    PLACES,
    OwnerRule,
    owners,
    rules,
)
from bot.core.source.log_calls import HOLE, CallKind, calls
from bot.core.text.mask import MASKS
from bot.core.text.redact import redact
from bot.core.text.redact_rules import REDACTED

FILE_LIMIT = 2_000_000
"""Bytes of a file that is read: what is larger was written by a program, and costs seconds."""
TEMPLATE_LIMIT = 200_000
"""Texts that are kept; a repository of a million lines has fewer."""
NAMED = 20
"""Files that were left out and are named; the rest is counted."""

WORDS = re.compile(r"\w+")
_LETTER = re.compile(r"[^\W_]")
_SPACE = re.compile(r"\s+")
_GLYPH = next(rule for rule in MASKS if rule.name == "glyph").pattern


# --- values -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Template:
    """What one call says, and where it stands."""

    text: str
    """Blanks single, `source_calls.HOLE` for each value. Redacted."""
    kind: CallKind
    file: str
    """From the repository's root, with slashes."""
    line: int
    function: str | None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as the repository's adapter hands it over: its content, or why there is none."""

    path: str
    data: bytes = b""
    why: str = ""


@dataclass(frozen=True, slots=True)
class SourceIndex:
    """All templates of a repository at one commit."""

    repository: str
    """`owner/name`, or the name of a local folder."""
    made: int
    """When it was read."""
    templates: tuple[Template, ...] = ()
    owners: tuple[OwnerRule, ...] = ()
    commit: str | None = None
    files: int = 0
    """Python files that were understood."""
    lines: int = 0
    skipped: tuple[tuple[str, int], ...] = ()
    """Why files were left out, and how many."""
    named: tuple[tuple[str, str], ...] = ()
    """(file, why) of the first `NAMED` of them."""

    def owned_by(self, file: str) -> tuple[str, ...]:
        """Who owns a file, by CODEOWNERS."""
        return owners(self.owners, file)

    def file_of(self, location: Location) -> str | None:
        """The repository's file of a location as logs name them; None where it is not sure."""
        wanted = dotted(location.module)
        known = {template.file for template in self.templates}
        found = {f for f in known if f".{dotted(f)}".endswith(f".{wanted}")}
        return found.pop() if wanted and len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Found:
    """Where a message is written."""

    template: Template
    location: Location
    owners: tuple[str, ...] = ()


# --- building -----------------------------------------------------------------------------------


def build(
    repository: str, files: Iterable[SourceFile], *, made: int, commit: str | None = None
) -> SourceIndex:
    """The index of a repository. Takes each file in turn; one that fails is named, never fatal."""
    templates: list[Template] = []
    skipped: list[tuple[str, str]] = []
    code_owners: dict[str, str] = {}
    read = lines = 0
    for file in files:
        if file.path in PLACES and not file.why:
            code_owners[file.path] = file.data.decode("utf-8", "replace")
            continue
        why = file.why
        if not why:
            try:
                found = list(templates_of(file.path, file.data))
            except LeftOutError as left:
                why = str(left)
            else:
                read += 1
                lines += file.data.count(b"\n")
                templates += found[: max(0, TEMPLATE_LIMIT - len(templates))]
        if why:
            skipped.append((file.path, why))
    owner_text = next((code_owners[place] for place in PLACES if place in code_owners), "")
    return SourceIndex(
        repository=repository,
        made=made,
        templates=tuple(templates),
        owners=rules(owner_text),
        commit=commit,
        files=read,
        lines=lines,
        skipped=tuple(sorted(Counter(why for _, why in skipped).items())),
        named=tuple(skipped[:NAMED]),
    )


class LeftOutError(Exception):
    """A file is left out; says why."""


_PYTHON_2 = re.compile(
    rb"(?m)^\s*print\s+[^\s(=]|^\s*except\s+[\w.() ,]+,\s*\w+\s*:|^\s*raise\s+\w+\s*,|^\s*exec\s+\""
)


def templates_of(path: str, data: bytes) -> Iterator[Template]:
    """What a file can say. Raises a private error that says why it cannot be read."""
    tree = _parsed(data)
    try:
        found = list(calls(tree))
    except RecursionError:
        raise LeftOutError("nested too deep") from None
    for said in found:
        text = _stored(said.text)
        if worth(text):
            yield Template(text, said.kind, path, said.line, said.function)


def _parsed(data: bytes) -> ast.Module:
    if len(data) > FILE_LIMIT:
        raise LeftOutError("larger than 2 MB")
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        raise LeftOutError("not UTF-8, nor what it says it is") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in somebody else's strings
            return ast.parse(data)
    except (SyntaxError, ValueError):
        raise LeftOutError("Python 2" if _PYTHON_2.search(data) else "syntax error") from None
    except (RecursionError, MemoryError):
        raise LeftOutError("nested too deep") from None


def even(text: str) -> str:
    """Blanks single, none at the ends, no glyph in front: as texts are compared."""
    return _GLYPH.sub("", _SPACE.sub(" ", text).strip())


def letters(text: str) -> int:
    """Letters and digits: how much a text says."""
    return len(_LETTER.findall(text))


def worth(text: str) -> bool:
    """Whether the text says enough to know it again: `Error: %s` fits everybody's words."""
    if HOLE not in text:
        return letters(text) >= 6
    return letters(text) >= 10 and len(WORDS.findall(text)) >= 2


def _stored(text: str) -> str:
    """As it is kept: no secret that somebody wrote into the source, blanks single, no glyph."""
    clean = redact(text)
    if clean != text:
        clean = clean.replace(REDACTED, HOLE).replace("***", HOLE)
    return re.sub(f"{HOLE}+", HOLE, even(clean))


def dotted(path: str) -> str:
    """A file as logs name its module: `src/shop/cart.py` → `shop.cart`."""
    name = path.strip("/").removesuffix(".py").removesuffix("/__init__")
    return name.removeprefix("src/").replace("/", ".")
