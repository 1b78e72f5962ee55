"""What people taught about grouping: kept without an expiry.

One hash per environment, with a field `kind|id` per rule.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.adapters.redis.client import Store, guarded, text
from bot.core.model import codec
from bot.core.model.grouping_rules import (
    Rule,
    Same,
    Split,
    Teaching,
)

KINDS: Mapping[str, type[Rule]] = {"same": Same, "split": Split}

_log = logging.getLogger(__name__)


class RedisRuleBook:
    """`ports.RuleBook`."""

    def __init__(self, client: Store) -> None:
        self._client = client

    @guarded
    def all(self, environment: str) -> Sequence[Rule]:
        """The oldest first. What a newer version of us wrote and we cannot read is passed over."""
        return Teaching(
            _rules(self._client.hgetall(rules_key(self._client, environment)).items())
        ).rules

    @guarded
    def put(self, environment: str, rule: Rule) -> bool:
        """False where the same rule is there already: who taught it first is kept."""
        self._client.note_environment(environment)
        name = field_of(rule)
        return bool(
            self._client.hsetnx(rules_key(self._client, environment), name, codec.dumps(rule))
        )

    @guarded
    def remove(self, environment: str, rule: str) -> Rule | None:
        """By the rule's id; returns what was there."""
        for kind in KINDS.values():
            name = _field(rule, kind)
            with self._client.pipeline() as pipe:
                pipe.hget(rules_key(self._client, environment), name)
                pipe.hdel(rules_key(self._client, environment), name)
                before, gone = pipe.execute()
            if gone:
                return next(_rules([(name, before)]), None)
        return None


def rules_key(store: Store, environment: str) -> str:
    """Where they are."""
    return store.key(environment, "rules")


def clusters_named(found: Mapping[Any, Any]) -> frozenset[str]:
    """Ids that stored rules name: what is remembered of these must not be forgotten."""
    return Teaching(_rules(found.items())).ids


def field_of(rule: Rule) -> str:
    """Where in there it is."""
    return _field(rule.id, type(rule))


def _field(rule: str, kind: type[Rule]) -> str:
    return f"{next(name for name, its in KINDS.items() if its is kind)}|{rule}"


def _rules(found: Iterable[tuple[bytes | str, bytes | str]]) -> Iterator[Rule]:
    for name, data in found:
        kind = KINDS.get(text(name).partition("|")[0])
        if kind is None:
            continue
        try:
            yield codec.loads(kind, data)
        except codec.CodecError as error:
            _log.warning("A stored rule cannot be read: %s", error)
