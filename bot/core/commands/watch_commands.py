"""Parses the command that watches: `watch staging every 5m from P1`, `watch off`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.core.commands.commands import WatchOff, WatchOn
from bot.core.model.values import Priority

LONGEST = 60
"""Maximum minutes between two looks; the minimum is one."""
LAST = Priority.P3
"""The least important priority to watch for."""

_EVERY = re.compile(r"(\d{1,6})(m|mins?|minutes?|h|hrs?|hours?|s|secs?|seconds?)?", re.ASCII)
_FILLERS = ("and", "up", "in")
_LIMITS = f"every 1m to {LONGEST}m"

NotUnderstood = tuple[str, str]
"""What is wrong, and the nearest valid command."""


def read_watch(
    rest: Sequence[str], environments: Mapping[str, str], default: str | None
) -> WatchOn | WatchOff | NotUnderstood | None:
    """Parses what follows `watch`.

    `environments`: names by their lower case; `default`: this channel's. None if an environment is
    needed and none is named.
    """
    words = [word.casefold() for word in rest]
    named = [environments[word] for word in words if word in environments]
    left = [w for w in words if w not in environments and w not in _FILLERS]
    if "off" in left[:1] or words[-1:] == ["off"]:
        left.remove("off")
        wanted = WatchOff(named[0] if named else None)
        right = words == wanted.typed.casefold().split()[1:]
        return wanted if right else _else("Say off first.", wanted, left)
    where = named[0] if named else default
    if where is None:
        return None
    found = _read(where, left)
    if isinstance(found, tuple) or len(named) < 2:
        return found
    return "Watch one environment at a time.", found.typed


def _read(where: str, words: list[str]) -> WatchOn | NotUnderstood:
    every, least = WatchOn(where).every_seconds, WatchOn(where).from_priority
    said: list[str] = []
    text = " ".join(words)
    text = re.sub(r"\b(\d+) (?=[a-z])", r"\1", text)  # every 5 minutes
    left = text.split()
    while left:
        word = left.pop(0)
        if word in {"every", "each"} and left and (found := _EVERY.fullmatch(left[0])):
            left.pop(0)
            minutes = _minutes(int(found[1]), found[2] or "m")
            if minutes is None:
                limit = int(found[1]) > LONGEST // 2 or (found[2] or "").startswith("h")
                every = LONGEST * 60 if limit and not (found[2] or "").startswith("s") else 60
                said.append(f'"every {found[0]}" is out of range: {_LIMITS}.')
            else:
                every = minutes * 60
        elif word in {"from", "above"} and left and (found := re.fullmatch(r"p?(\d)", left[0])):
            left.pop(0)
            least = Priority(min(int(found[1]), LAST))
            if int(found[1]) > LAST:
                said.append(f'"from {found[0].upper()}" is too much to watch: P0 to {LAST.name}.')
        else:
            said.append(f'I do not understand "{word[:60]}". Say every 5m, or from P1.')
    wanted = WatchOn(where, every, least)
    return (said[0], wanted.typed) if said else wanted


def _minutes(number: int, unit: str) -> int | None:
    seconds = number * {"s": 1, "m": 60, "h": 3600}[unit[0]]
    minutes, rest = divmod(seconds, 60)
    return minutes if not rest and 1 <= minutes <= LONGEST else None


def _else(sentence: str, wanted: WatchOff, left: Sequence[str]) -> NotUnderstood:
    return (f'I do not understand "{left[0][:60]}".' if left else sentence), wanted.typed
