"""Grouping rules, kept without expiry.

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
        """Returns the rules, oldest first. Skips what only a newer version can read."""
        return Teaching(
            _rules(self._client.hgetall(rules_key(self._client, environment)).items())
        ).rules

    @guarded
    def put(self, environment: str, rule: Rule) -> bool:
        """Adds a rule. Returns False if it exists already; its first author is kept."""
        self._client.note_environment(environment)
        name = field_of(rule)
        return bool(
            self._client.hsetnx(rules_key(self._client, environment), name, codec.dumps(rule))
        )

    @guarded
    def remove(self, environment: str, rule: str) -> Rule | None:
        """Removes a rule by its id; returns it, or None."""
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
    """Returns the key of an environment's rules."""
    return store.key(environment, "rules")


def clusters_named(found: Mapping[Any, Any]) -> frozenset[str]:
    """Returns the cluster ids that stored rules name; the registry must keep these."""
    return Teaching(_rules(found.items())).ids


def field_of(rule: Rule) -> str:
    """Returns the field of a rule."""
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
