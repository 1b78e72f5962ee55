"""Reads the YAML that `gcloud logging read` prints without `--format`: a document an entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import IO

import yaml

from bot.adapters.files.lines import lines
from bot.adapters.files.paging import pages
from bot.core.ports import Page

LONGEST = 2 * 1024 * 1024
"""Bytes of a document; an entry has at most 256 KiB."""
VALUES = 100_000
"""Values of a document once its aliases are followed: a few lines can stand for billions."""
FIELDS = re.compile(
    rb"(?:insertId|insert_id|logName|log_name|textPayload|text_payload|jsonPayload|json_payload"
    rb"|protoPayload|httpRequest|labels|receiveTimestamp|resource|severity|timestamp|trace|spanId"
    rb"|operation|sourceLocation|errorGroups|entries):(?:[ \r\n]|$)"
)
"""How the first line of an entry begins."""

_base: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_base):  # type: ignore[misc, valid-type]
    """Plain values only. Times stay texts with their nanoseconds, and `<<` is a key like others:
    merging could repeat what it merges without end."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - yaml's
        first: [
            (tag, pattern)
            for tag, pattern in rules
            if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge")
        ]
        for first, rules in _base.yaml_implicit_resolvers.items()
    }


def looks(head: bytes) -> bool:
    """Returns whether a text begins as entries in YAML do."""
    first = [line for line in head.split(b"\n") if line.strip() and not line.startswith(b"#")][:2]
    if first and first[0].rstrip() == b"---":
        first = first[1:]
    return bool(first) and FIELDS.match(first[0].removeprefix(b"- ")) is not None


def read(head: bytes, stream: IO[bytes], total: int) -> Iterator[Page]:
    """Reads documents. One that is no YAML, or too large, counts as one broken entry."""
    yield from pages(_values(head, stream, total))


def _values(head: bytes, stream: IO[bytes], total: int) -> Iterator[tuple[object, float]]:
    done = 0
    for document in _documents(head, stream):
        done += len(document)
        share = done / total if total else 0.0
        for value in _parsed(document):
            yield value, share


def _documents(head: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    """Cuts at `---` in the first column, where no value can have it."""
    document: list[bytes] = []
    size = 0
    for line in chain(lines(head, stream, LONGEST), (b"---",)):
        if line.rstrip() not in (b"---", b"..."):
            size += len(line)
            if size <= LONGEST:
                document.append(line)
            continue
        if any(map(bytes.strip, document)):
            # What is longer than any document is no YAML either.
            yield b"".join(document) if size <= LONGEST else _NO_YAML
        document, size = [], 0


_NO_YAML = b"\t"


def _parsed(document: bytes) -> list[object]:
    try:
        value: object = yaml.load(document.decode("utf-8", "replace"), _Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError):
        return [None]
    if not _is_small(value):
        return [None]
    if isinstance(value, dict) and isinstance(value.get("entries"), list):
        value = value["entries"]
    return value if isinstance(value, list) else [value]


def _is_small(value: object) -> bool:
    """Returns whether a value has at most `VALUES` values, each counted as often as it occurs."""
    waiting = [value]
    count = 0
    while waiting:
        count += 1
        one = waiting.pop()
        if isinstance(one, dict):
            inner = list(one.values())
        else:
            inner = list(one) if isinstance(one, list | set) else []
        if count + len(waiting) + len(inner) > VALUES:
            return False
        waiting.extend(inner)
    return True
