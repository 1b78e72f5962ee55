"""Decides who may look, act and administer in an environment; a refusal explains itself.

Based on `channels`, `act` and `admin` of gardener.toml (docs: settings). Unknown counts as outside:
a failed look-up makes a person a guest and a channel a shared one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bot.core.commands import clocks
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError

T = TypeVar("T")

ASK = 5
"""Maximum number of people named in "Ask one of"."""


@dataclass(frozen=True, slots=True)
class Person:
    """A Slack user. What Slack omits is false."""

    id: str
    name: str
    guest: bool = False
    """A single- or multi-channel guest."""
    foreign: bool = False
    """True for a member of another company, in a shared channel."""
    timezone: str = ""
    """IANA name; empty if unknown."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A Slack conversation. What Slack omits is false."""

    id: str
    name: str
    """Without `#`; empty for a direct message."""
    shared: bool = False
    """Shared with another company, or about to be."""
    direct: bool = False
    """A direct or group message."""


class Directory(Protocol):
    """Slack's users, conversations and user groups. Every method may raise a `GardenerError`."""

    def person(self, user: str) -> Person:
        """Returns a user by id."""
        ...

    def place(self, channel: str) -> Conversation:
        """Returns a conversation by id."""
        ...

    def group(self, handle: str) -> frozenset[str]:
        """Returns the member ids of a user group, by `oncall` (without `@`) or by id (`S…`).

        Empty if there is no such group.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes, or no with a sentence to show only to the person who asked."""

    allowed: bool
    sentence: str = ""

    def __bool__(self) -> bool:
        return self.allowed


YES = Answer(True)


def may_look(environment: Environment, user: str, channel: str, directory: Directory) -> Answer:
    """Decides whether a person may query an environment here.

    Guests and people of other companies only if `act` or `admin` names them.
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
    """Decides whether a person may file, acknowledge or claim; `doing` completes the refusal."""
    look = may_look(environment, user, channel, directory)
    if not look:
        return look
    if environment.act is None:
        return YES  # whoever gets here is a full member, or named as an admin
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
    """Decides whether a person may use "forever", change grouping rules or forget data."""
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


def zone_of(user: str, directory: Directory) -> str | None:
    """Returns the time zone in which a person types times; None if Slack does not say."""
    person = _ask_slack(directory.person, user)
    return clocks.known_zone(person.timezone) if person else None


# --- people --------------------------------------------------------------------------------------


def _listed(user: str, entries: Sequence[str], directory: Directory) -> bool:
    """True if the list names the person or one of their groups."""
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
        return YES  # listed by id: deliberate, even if the channel is shared
    place = _ask_slack(directory.place, channel)
    if allowed is not None:
        # A name counts only if the channel is not shared: another company may have a #ops as well.
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
    """Returns None if Slack did not answer: unknown, which counts as outside."""
    try:
        return look_up(name)
    except GardenerError:
        return None
