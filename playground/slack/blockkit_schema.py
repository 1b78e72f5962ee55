"""A small vocabulary for writing down Block Kit's rules.

A check examines one value and returns Slack's complaints about it. Wordings seen in Slack's answers
are used verbatim (`must be less than 3001 characters`, `no more than 50 items allowed`, `must
provide at least 1 items`, `missing required field: …`, `invalid additional property: …`,
`unsupported type: …`, `` `action_id` "…" already exists ``, `must provide a string`, `failed to
match all allowed schemas`); the others are our own words in the same style.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint and the JSON pointer to its subject."""

    message: str
    at: str

    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.at}]"


Problems = list[Complaint]
Check = Callable[[Any, str], Problems]


def string(longest: int | None = None, *, shortest: int = 1) -> Check:
    """Checks a string of `shortest` to `longest` characters."""

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, str):
            return [Complaint("must provide a string", at)]
        if len(value) < shortest:
            return [Complaint(f"must be more than {shortest - 1} characters", at)]
        if longest is not None and len(value) > longest:
            return [Complaint(f"must be less than {longest + 1} characters", at)]
        return []

    return check


def boolean(value: Any, at: str) -> Problems:
    """Checks true or false; a string such as "true" is refused."""
    return [] if isinstance(value, bool) else [Complaint("must provide a boolean", at)]


def integer(least: int, most: int) -> Check:
    """Checks a whole number from `least` to `most`."""

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, int) or isinstance(value, bool):
            return [Complaint("must provide a number", at)]
        if value < least:
            return [Complaint(f"must be at least {least}", at)]
        if value > most:
            return [Complaint(f"must be at most {most}", at)]
        return []

    return check


def one_of(*allowed: str) -> Check:
    """Checks that a value is one of a few words."""

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, str):
            return [Complaint("must provide a string", at)]
        return [] if value in allowed else [Complaint("must be a valid enum value", at)]

    return check


def web_address(longest: int = 3000) -> Check:
    """Checks an http(s) URL."""

    def check(value: Any, at: str) -> Problems:
        found = string(longest)(value, at)
        if not found and not value.startswith(("http://", "https://", "mailto:")):
            return [Complaint("must be a valid URL", at)]
        return found

    return check


def items(of: Check, *, least: int = 1, most: int | None = None) -> Check:
    """Checks a list of `least` to `most` values that all pass `of`."""

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, list):
            return [Complaint("must provide an array", at)]
        if len(value) < least:
            return [Complaint(f"must provide at least {least} items", at)]
        if most is not None and len(value) > most:
            return [Complaint(f"no more than {most} items allowed", at)]
        return [problem for i, each in enumerate(value) for problem in of(each, f"{at}/{i}")]

    return check


@dataclass(frozen=True, slots=True)
class Shape:
    """An object: its allowed and required keys, and further rules."""

    may: Mapping[str, Check]
    must: Sequence[str] = ()
    rules: Sequence[Check] = ()
    typed: bool = field(default=True)
    """True if the key `type` is allowed (its value selected this shape)."""

    def __call__(self, value: Any, at: str) -> Problems:
        if not isinstance(value, dict):
            return [Complaint("must provide an object", at)]
        found = [Complaint(f"missing required field: {k}", at) for k in self.must if k not in value]
        for key, each in value.items():
            if key == "type" and self.typed:
                continue
            known = self.may.get(key)
            if known is None:
                found.append(Complaint(f"invalid additional property: {key}", at))
            else:
                found += known(each, f"{at}/{key}")
        for rule in self.rules:
            found += rule(value, at)
        return found


def kinds(shapes: Mapping[str, Check], allowed: Iterable[str] | None = None) -> Check:
    """Checks an object by the shape that its `type` selects."""
    known = set(shapes if allowed is None else allowed)

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, dict):
            return [Complaint("must provide an object", at)]
        if "type" not in value:
            return [Complaint("missing required field: type", at)]
        kind = value["type"]
        if not isinstance(kind, str):
            return [Complaint("must provide a string", f"{at}/type")]
        if kind not in known:
            return [Complaint(f"unsupported type: {kind}", f"{at}/type")]
        return shapes[kind](value, at)

    return check


def exactly_one(*keys: str) -> Check:
    """Requires exactly one of these keys of a Shape."""
    named = " or ".join(f"`{key}`" for key in keys)

    def check(value: Any, at: str) -> Problems:
        given = sum(key in value for key in keys)
        if given == 1:
            return []
        return [Complaint(f"must define {'either' if given == 0 else 'only one of'} {named}", at)]

    return check


def at_least_one(*keys: str) -> Check:
    """Requires at least one of these keys of a Shape."""
    named = " or ".join(f"`{key}`" for key in keys)

    def check(value: Any, at: str) -> Problems:
        if any(key in value for key in keys):
            return []
        return [Complaint(f"must define either {named}", at)]

    return check


def in_order(low: str, high: str) -> Check:
    """Requires that `low` is not above `high` if a Shape has both."""

    def check(value: Any, at: str) -> Problems:
        a, b = value.get(low), value.get(high)
        if isinstance(a, int) and isinstance(b, int) and a > b:
            return [Complaint(f"`{low}` must not be more than `{high}`", at)]
        return []

    return check
