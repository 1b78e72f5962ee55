"""Who may look, act and administer in an environment, and the sentence for who may not.

`channels`, `act` and `admin` of gardener.toml decide (docs: settings). What Slack does not tell
counts against: a failed look-up makes a person a guest and a channel a shared one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError

T = TypeVar("T")

ASK = 5
"""People named at most in "Ask one of"."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in Slack. What Slack leaves out is false."""

    id: str
    name: str
    guest: bool = False
    """A single- or multi-channel guest."""
    foreign: bool = False
    """Of another company, in a shared channel."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation in Slack. What Slack leaves out is false."""

    id: str
    name: str
    """Without `#`; empty for a direct message."""
    shared: bool = False
    """With another company, or about to be."""
    direct: bool = False
    """A direct or group message."""


class Directory(Protocol):
    """Slack's users, conversations and user groups. Every method may raise a `GardenerError`."""

    def person(self, user: str) -> Person:
        """By id."""
        ...

    def place(self, channel: str) -> Conversation:
        """By id."""
        ...

    def group(self, handle: str) -> frozenset[str]:
        """The ids of a user group's members, by `oncall` (without `@`) or by id (`S…`).

        Empty where there is no such group.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes, or no with the sentence to show to who asked, and only to them."""

    allowed: bool
    sentence: str = ""

    def __bool__(self) -> bool:
        return self.allowed


YES = Answer(True)


def may_look(environment: Environment, user: str, channel: str, directory: Directory) -> Answer:
    """May this person ask about the environment here?

    Guests and people of other companies only where `act` or `admin` names them.
    """
    here = _place(environment, channel, directory)
    if not here:
        return here
    if _listed(user, (*(environment.act or ()), *environment.admin), directory):
        return YES
    return _insider(user, directory, f"look at {environment.name}", _act_line(environment, user))


def may_act(
    environment: Environment,
    user: str,
    channel: str,
    directory: Directory,
    *,
    doing: str = "file issues",
) -> Answer:
    """May this person file issues, acknowledge, claim? `doing` stands in the sentence."""
    look = may_look(environment, user, channel, directory)
    if not look:
        return look
    if environment.act is None:
        return YES  # who got here is a full member, or named as an admin
    if _listed(user, environment.act, directory):
        return YES
    name = environment.name
    if not environment.act:
        return Answer(
            False,
            f"You may look, but nobody may {doing} for {name}: its act list in gardener.toml "
            "is empty.",
        )
    where = _where(channel, directory)
    return Answer(
        False,
        f"You may look, but not {doing}{where}. {_ask(environment.act, directory)}",
    )


def may_administer(
    environment: Environment,
    user: str,
    channel: str,
    directory: Directory,
    *,
    doing: str = "say “forever”",
) -> Answer:
    """May this person say "forever", teach grouping, forget?"""
    look = may_look(environment, user, channel, directory)
    if not look:
        return look
    if _listed(user, environment.admin, directory):
        return YES
    if not environment.admin:
        return Answer(
            False,
            f"Only an admin may {doing}, and {environment.name} has none. To become one, have "
            f'admin = ["{user}"] added under [environments.{environment.name}] in gardener.toml.',
        )
    return Answer(False, f"Only an admin may {doing}. {_ask(environment.admin, directory)}")


# --- people --------------------------------------------------------------------------------------


def _listed(user: str, entries: Sequence[str], directory: Directory) -> bool:
    """True where the list names the person, or a group that they are in."""
    if user in entries:
        return True
    return any(user in _members(entry, directory) for entry in entries if _is_group(entry))


def _is_group(entry: str) -> bool:
    return entry.startswith(("@", "S"))


def _members(entry: str, directory: Directory) -> frozenset[str]:
    found = _ask_slack(directory.group, entry.removeprefix("@"))
    return found if found is not None else frozenset()


def _insider(user: str, directory: Directory, doing: str, line: str) -> Answer:
    person = _ask_slack(directory.person, user)
    if person is None:
        return Answer(
            False,
            f"Slack did not tell me who you are, so I cannot let you {doing}. Try again in a "
            f"minute. If this comes back: {line}",
        )
    if person.foreign:
        return Answer(False, f"People of other companies may not {doing}. To be let in: {line}")
    if person.guest:
        return Answer(False, f"Guests may not {doing}. To be let in: {line}")
    return YES


def _act_line(environment: Environment, user: str) -> str:
    return (
        f'ask for "{user}" to be added to act under [environments.{environment.name}] in '
        "gardener.toml."
    )


def _ask(entries: Sequence[str], directory: Directory) -> str:
    return f"Ask one of: {', '.join(_names(entries, directory))}."


def _names(entries: Sequence[str], directory: Directory) -> Iterator[str]:
    for entry in entries[:ASK]:
        if _is_group(entry):
            yield entry
        else:
            person = _ask_slack(directory.person, entry)
            yield person.name if person and person.name else entry
    if len(entries) > ASK:
        yield f"{len(entries) - ASK} more"


# --- places --------------------------------------------------------------------------------------


def _place(environment: Environment, channel: str, directory: Directory) -> Answer:
    allowed = environment.channels
    if allowed is not None and channel in allowed:
        return YES  # by its id: even a shared one, whoever wrote that down meant it
    place = _ask_slack(directory.place, channel)
    if allowed is not None:
        # By its name only at home: another company may call its channel #ops as well.
        if place and not place.shared and not place.direct and f"#{place.name}" in allowed:
            return YES
        return Answer(False, _elsewhere(environment.name, allowed, directory))
    if place is None:
        return Answer(
            False,
            "Slack did not tell me whether this channel is shared with another company, so I "
            f"say nothing about {environment.name} here. Try again in a minute, or add "
            f'"{channel}" to its channels in gardener.toml.',
        )
    if place.shared:
        return Answer(
            False,
            f"This channel is shared with another company, so I say nothing about "
            f"{environment.name} here. To allow it, add "
            f'"{channel}" to channels under [environments.{environment.name}] in gardener.toml.',
        )
    return YES


def _elsewhere(name: str, allowed: Sequence[str], directory: Directory) -> str:
    if not allowed:
        return f"{name} may be asked about nowhere: its channels list in gardener.toml is empty."
    places = []
    for entry in allowed[:ASK]:
        place = None if entry.startswith("#") else _ask_slack(directory.place, entry)
        places.append(f"#{place.name}" if place and place.name else entry)
    return f"{name} may be asked about in {', '.join(places)}. Ask there."


def _where(channel: str, directory: Directory) -> str:
    place = _ask_slack(directory.place, channel)
    return f" in #{place.name}" if place and place.name and not place.direct else ""


def _ask_slack(look_up: Callable[[str], T], name: str) -> T | None:
    """None where Slack did not answer: unknown, which counts as outside."""
    try:
        return look_up(name)
    except GardenerError:
        return None
