"""Indexes the log messages in a repository, to find the line that wrote a log entry.

index = build("acme/backend", files, made=now)
found = Matcher(index).find("Session access failed: no middleware")  # see `match`
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
"""Bytes of the largest file that is parsed; larger ones are generated and take seconds."""
TEMPLATE_LIMIT = 200_000
"""Templates that are kept; a repository of a million lines has fewer."""
NAMED = 20
"""Skipped files that are listed by name; further ones are only counted."""

WORDS = re.compile(r"\w+")
_LETTER = re.compile(r"[^\W_]")
_SPACE = re.compile(r"\s+")
_GLYPH = next(rule for rule in MASKS if rule.name == "glyph").pattern


# --- values -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Template:
    """The message of one log call, and its place in the source."""

    text: str
    """Redacted, with single blanks and `log_calls.HOLE` for each value."""
    kind: CallKind
    file: str
    """Path from the repository's root, with slashes."""
    line: int
    function: str | None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file from the repository's adapter: its content, or the reason why it was skipped."""

    path: str
    data: bytes = b""
    why: str = ""


@dataclass(frozen=True, slots=True)
class SourceIndex:
    """All templates of a repository at one commit."""

    repository: str
    """`owner/name`, or the name of a local folder."""
    made: int
    """When the repository was read, in nanoseconds since the epoch."""
    templates: tuple[Template, ...] = ()
    owners: tuple[OwnerRule, ...] = ()
    commit: str | None = None
    files: int = 0
    """Python files that were parsed."""
    lines: int = 0
    skipped: tuple[tuple[str, int], ...] = ()
    """(reason, number of files) of skipped files."""
    named: tuple[tuple[str, str], ...] = ()
    """(file, reason) of the first `NAMED` skipped files."""

    def owned_by(self, file: str) -> tuple[str, ...]:
        """Returns a file's owners by CODEOWNERS."""
        return owners(self.owners, file)

    def file_of(self, location: Location) -> str | None:
        """Returns the repository's file of a logged location; None unless exactly one matches."""
        wanted = dotted(location.module)
        known = {template.file for template in self.templates}
        found = {f for f in known if f".{dotted(f)}".endswith(f".{wanted}")}
        return found.pop() if wanted and len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Found:
    """The place in the source that writes a message."""

    template: Template
    location: Location
    owners: tuple[str, ...] = ()


# --- building -----------------------------------------------------------------------------------


def build(
    repository: str, files: Iterable[SourceFile], *, made: int, commit: str | None = None
) -> SourceIndex:
    """Builds the index of a repository. A file that cannot be parsed is recorded as skipped."""
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
            except SkippedError as left:
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


class SkippedError(Exception):
    """A file is skipped; the message is the reason."""


_PYTHON_2 = re.compile(
    rb"(?m)^\s*print\s+[^\s(=]|^\s*except\s+[\w.() ,]+,\s*\w+\s*:|^\s*raise\s+\w+\s*,|^\s*exec\s+\""
)


def templates_of(path: str, data: bytes) -> Iterator[Template]:
    """Yields the templates of a file. Raises `LeftOutError` if it cannot be parsed."""
    tree = _parsed(data)
    try:
        found = list(calls(tree))
    except RecursionError:
        raise SkippedError("nested too deep") from None
    for call in found:
        text = _cleaned(call.text)
        if is_specific(text):
            yield Template(text, call.kind, path, call.line, call.function)


def _parsed(data: bytes) -> ast.Module:
    if len(data) > FILE_LIMIT:
        raise SkippedError("larger than 2 MB")
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        raise SkippedError("not UTF-8, nor what it says it is") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in strings that are not ours
            return ast.parse(data)
    except (SyntaxError, ValueError):
        raise SkippedError("Python 2" if _PYTHON_2.search(data) else "syntax error") from None
    except (RecursionError, MemoryError):
        raise SkippedError("nested too deep") from None


def normalized(text: str) -> str:
    """Normalises a text for comparison: single blanks, none at the ends, no leading glyph."""
    return _GLYPH.sub("", _SPACE.sub(" ", text).strip())


def count_letters(text: str) -> int:
    """Counts letters and digits: how specific a text is."""
    return len(_LETTER.findall(text))


def is_specific(text: str) -> bool:
    """Returns whether the text is specific enough to match: `Error: %s` would match anything."""
    if HOLE not in text:
        return count_letters(text) >= 6
    return count_letters(text) >= 10 and len(WORDS.findall(text)) >= 2


def _cleaned(text: str) -> str:
    """Redacts secrets in the source (they become holes) and normalises the text."""
    clean = redact(text)
    if clean != text:
        clean = clean.replace(REDACTED, HOLE).replace("***", HOLE)
    return re.sub(f"{HOLE}+", HOLE, normalized(clean))


def dotted(path: str) -> str:
    """Converts a path to the module name that logs use: `src/shop/cart.py` → `shop.cart`."""
    name = path.strip("/").removesuffix(".py").removesuffix("/__init__")
    return name.removeprefix("src/").replace("/", ".")
