"""The source index of each environment: one key, compressed, replaced as a whole."""

from __future__ import annotations

import logging
import zlib
from typing import Any

from bot.adapters.redis.client import Store, guarded
from bot.core.model import codec
from bot.core.model.errors import GardenerError
from bot.core.source.codeowners import OwnerRule
from bot.core.source.index import SourceIndex, Template
from bot.core.source.log_calls import CallKind
from bot.core.source.match import Locate, Matcher

FORMAT = 1
"""Format of the stored index; an index of another format is ignored."""
LARGEST = 256_000_000
"""The largest decompressed index, in bytes; a larger one was not written by us."""

_log = logging.getLogger(__name__)


class RedisSources:
    """Stores the result of `gardener index`, about 40 bytes per template."""

    def __init__(self, client: Store) -> None:
        self._client = client

    @guarded
    def get(self, environment: str) -> SourceIndex | None:
        """Returns the index; None if there is none of this format."""
        data = self._client.get(_name(self._client, environment))
        if not isinstance(data, bytes):
            return None
        try:
            return _unpacked(data)
        except (zlib.error, codec.CodecError, LookupError, TypeError, ValueError) as error:
            _log.info("A source index cannot be read: %s", type(error).__name__)
            return None

    def locate(self, environment: str) -> Locate | None:
        """Returns the locator for an analysis; None without an index. Never raises."""
        try:
            index = self.get(environment)
        except GardenerError as error:
            _log.info("The source index is not there: %s", error)
            return None
        return Matcher(index).locate if index else None

    @guarded
    def put(self, environment: str, index: SourceIndex) -> int:
        """Replaces the index. Returns the bytes stored."""
        data = _packed(index)
        self._client.note_environment(environment)
        self._client.set(_name(self._client, environment), data)
        return len(data)

    @guarded
    def remove(self, environment: str) -> None:
        """Removes it, if it exists."""
        self._client.delete(_name(self._client, environment))


def _name(store: Store, environment: str) -> str:
    return store.key(environment, "sources", f"f{FORMAT}")


def _packed(index: SourceIndex) -> bytes:
    files = {file: at for at, file in enumerate(sorted({t.file for t in index.templates}))}
    functions = {
        name: at
        for at, name in enumerate(sorted({t.function for t in index.templates if t.function}))
    }
    data = {
        "repository": index.repository,
        "made": index.made,
        "commit": index.commit,
        "counts": [index.files, index.lines],
        "skipped": index.skipped,
        "named": index.named,
        "owners": [[rule.pattern, *rule.owners] for rule in index.owners],
        "files": list(files),
        "functions": list(functions),
        "templates": [
            [t.text, int(t.kind), files[t.file], t.line, functions.get(t.function or "", -1)]
            for t in index.templates
        ],
    }
    return zlib.compress(codec.dump_json(data), 6)


def _unpacked(data: bytes) -> SourceIndex:
    unzip = zlib.decompressobj()
    plain = unzip.decompress(data, LARGEST)
    if unzip.unconsumed_tail:
        raise ValueError("too large")
    found: Any = codec.load_json(plain)
    files, functions = found["files"], found["functions"]
    return SourceIndex(
        repository=str(found["repository"]),
        made=int(found["made"]),
        commit=found["commit"],
        files=found["counts"][0],
        lines=found["counts"][1],
        skipped=tuple((why, count) for why, count in found["skipped"]),
        named=tuple((file, why) for file, why in found["named"]),
        owners=tuple(OwnerRule(pattern, tuple(who)) for pattern, *who in found["owners"]),
        templates=tuple(
            Template(text, CallKind(kind), files[at], line, functions[name] if name >= 0 else None)
            for text, kind, at, line, name in found["templates"]
        ),
    )
