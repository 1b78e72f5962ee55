"""The stand-in workspace: people's actions, and Slack's reactions to them.

One object for the page and for tests. All methods are coroutines of the loop that serves the app.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playground.feed import Feed, Json, PlaygroundError
from playground.slack import payloads
from playground.slack.delivery import (
    ACK_SECONDS,
    Ack,
    Delivery,
    Kind,
    NotAcknowledged,
)
from playground.slack.files import share, store
from playground.slack.modals import after_submission, enter, unfinished
from playground.slack.people import (
    BOT_USER,
    SLACKBOT,
    Channel,
    Person,
)
from playground.slack.records import (
    Message,
    Refused,
    ResponseUrl,
    View,
)
from playground.slack.respond import apply_answer
from playground.slack.socket import SocketLink
from playground.slack.state import SlackState
from playground.slack.views import close_views, first_values, tell_view

TROUBLE = "We had some trouble connecting. Try again?"
UNHEARD = "The app did not take the event, though it was sent twice."
_MENTION = re.compile(r"(?<![\w<])@gardener\b")
_COMMAND = re.compile(r"(/\S+)\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a person's action. `error` is what Slack shows if the app failed."""

    ms: float | None = None
    error: str | None = None
    message: Message | None = None

    @property
    def ok(self) -> bool:
        """True if the app acknowledged in time and without an error."""
        return self.error is None


class Workspace:
    """Carries out people's actions in the stand-in workspace."""

    def __init__(
        self,
        state: SlackState | None = None,
        *,
        delivery: Delivery | None = None,
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        self.state = state or SlackState()
        self.socket = SocketLink(self.state, ack_seconds=ack_seconds)
        self.delivery: Delivery = delivery or self.socket

    @property
    def feed(self) -> Feed:
        """Returns the feed of all events."""
        return self.state.feed

    def person(self, user: str) -> Person:
        """Returns a person who may act. Raises PlaygroundError."""
        person = self.state.people.get(user)
        if person is None or person.is_bot or person.id == SLACKBOT:
            raise PlaygroundError(f'Nobody here is called "{user}".')
        return person

    def channel(self, channel_id: str, user: str) -> Channel:
        """Returns a channel that a person is in. Raises PlaygroundError."""
        channel = self.state.channels.get(channel_id)
        if channel is None or not channel.sees(user):
            raise PlaygroundError(f"{self.person(user).name} is not in that channel.")
        return channel

    async def say(
        self, user: str, channel: str, text: str, *, thread_ts: str | None = None
    ) -> Outcome:
        """Types something: a slash command, `/invite @gardener`, or a message.

        Raises PlaygroundError for what Slack's composer would reject.
        """
        if not text.strip():
            raise PlaygroundError("There is nothing to send.")
        if text.startswith("/"):
            return await self._slash(user, channel, text, in_thread=thread_ts is not None)
        person, place = self.person(user), self.channel(channel, user)
        written = _MENTION.sub(f"<@{BOT_USER}>", text)
        message = Message(place.id, self.state.next_ts(), user, written, [], thread_ts=thread_ts)
        self.state.add(message)
        return await self._tell_app(person, place, message)

    async def drop_file(
        self, user: str, channel: str, name: str, content: bytes, *, text: str = ""
    ) -> Outcome:
        """Shares a file with the bot, mentioning it in the message."""
        person, place = self.person(user), self.channel(channel, user)
        if not content:
            raise PlaygroundError("That file is empty.")
        kept = store(self.state, name, user, content)
        written = f"<@{BOT_USER}> {text}".strip()
        message = share(self.state, [kept], place.id, user=user, text=written)
        return await self._tell_app(person, place, message)

    async def _tell_app(self, person: Person, channel: Channel, message: Message) -> Outcome:
        named = f"<@{BOT_USER}>" in message.text
        if channel.kind != "im" and not named:
            return Outcome(message=message)
        if not channel.with_bot:
            self._slackbot(
                person.id,
                channel.id,
                "You mentioned <@U0GARDEN>, but they're not in this channel. "
                "To let them in: /invite @gardener",
            )
            return Outcome(message=message)
        wanted = "message.im" if channel.kind == "im" else "app_mention"
        event = payloads.message_event(self.state, person, channel, message)
        outcome = await self._event(wanted, event, shared=channel.is_ext_shared)
        return Outcome(outcome.ms, outcome.error, message)

    async def _event(self, wanted: str, event: Json, *, shared: bool = False) -> Outcome:
        if wanted not in self.state.setup.events:
            return Outcome(error=f"The app's manifest does not subscribe to {wanted}.")
        body = payloads.event_callback(self.state, event, shared=shared)
        _, outcome = await self._send("events_api", body)
        return Outcome(outcome.ms, outcome.error and UNHEARD)

    async def _slash(self, user: str, channel: str, typed: str, *, in_thread: bool) -> Outcome:
        person, place = self.person(user), self.channel(channel, user)
        match = _COMMAND.match(typed)
        command, text = match.groups() if match else (typed, "")
        if command == "/invite" and text.strip() in ("@gardener", f"<@{BOT_USER}>"):
            place.members.add(BOT_USER)
            self.feed.publish({"type": "channel", "channel": page_channel(place)})
            return Outcome()
        if in_thread:
            raise PlaygroundError(f"{command} is not supported in threads. Sorry!")
        if command not in self.state.setup.commands or "commands" not in self.state.setup.scopes:
            raise PlaygroundError(f"{command} is not a valid command.")
        form = payloads.slash_command(self.state, person, place, command, text)
        ack, outcome = await self._send("slash_commands", form, answers=True)
        error = outcome.error
        if ack is not None and ack.payload:
            error = self._answered(ResponseUrl(user, place.id, 0), ack.payload)
        elif error is not None:
            error = f'{command} failed with the error "{error}"'
        if error is not None:
            self._slackbot(user, place.id, error)
        return Outcome(outcome.ms, error)

    def _answered(self, place: ResponseUrl, answer: Json) -> str | None:
        try:
            apply_answer(self.state, place, answer)
        except Refused as refused:
            return f'The answer was refused with the error "{refused.code}"'
        return None

    def _slackbot(self, user: str, channel: str, text: str) -> None:
        ts = self.state.next_ts()
        self.state.add(Message(channel, ts, SLACKBOT, text, [], is_bot=True, only_for=user))

    async def click(
        self,
        user: str,
        action_id: str,
        *,
        channel: str | None = None,
        ts: str | None = None,
        view_id: str | None = None,
        block_id: str | None = None,
        chosen: Mapping[str, Any] | None = None,
        values: Mapping[str, Mapping[str, Json]] | None = None,
    ) -> Outcome:
        """Clicks or chooses in a menu, on a message (`channel`, `ts`) or a view (`view_id`).

        `chosen` is the value of a menu or an input (`selected_option`, `value`, …), `values` the
        content of the other inputs. Raises PlaygroundError if there is nothing to click.
        """
        person = self.person(user)
        if not self.state.setup.interactive:
            raise PlaygroundError("The app's manifest does not turn on interactivity.")
        now = f"{self.state.now():.6f}"
        if view_id is not None:
            view = self._view(view_id, user)
            blocks = view.payload["blocks"]
            action = payloads.pressed(blocks, block_id, action_id, chosen or {}, now)
            enter(blocks, view.values, values or {})
            enter(blocks, view.values, {action["block_id"]: {action_id: action}})
            payload = payloads.view_click(self.state, person, view, action)
        else:
            place = self.channel(channel or "", user)
            message = self.state.find(place.id, ts)
            if message is None or message.only_for not in (None, user):
                raise PlaygroundError("That message is gone.")
            action = payloads.pressed(message.blocks, block_id, action_id, chosen or {}, now)
            entered = first_values(message.blocks)
            enter(message.blocks, entered, values or {})
            enter(message.blocks, entered, {action["block_id"]: {action_id: action}})
            payload = payloads.message_click(self.state, person, place, message, action)
            payload["state"] = {"values": entered}
        _, outcome = await self._send("interactive", payload)
        return Outcome(outcome.ms, outcome.error and TROUBLE)

    async def submit(
        self, user: str, view_id: str, values: Mapping[str, Mapping[str, Json]] | None = None
    ) -> Outcome:
        """Presses a modal's submit button. `values`: block_id → action_id → what was entered.

        What Slack's client checks itself (required, too long) becomes the view's `errors` and never
        reaches the app.
        """
        person, view = self.person(user), self._view(view_id, user)
        if view.kind != "modal" or "submit" not in view.payload:
            raise PlaygroundError("That view has no submit button.")
        enter(view.payload["blocks"], view.values, values or {})
        view.errors = unfinished(view)
        if view.errors:
            tell_view(self.state, view)
            return Outcome(error="Something is missing in the form.")
        payload = payloads.view_submission(self.state, person, view)
        ack, outcome = await self._send("interactive", payload, answers=True)
        if ack is None:
            return Outcome(outcome.ms, TROUBLE)
        if self.state.views.get(view_id) is not view:
            return outcome
        try:
            after_submission(self.state, view, ack.payload)
        except Refused as refused:
            self.feed.scene("ack", "view_submission", f"{refused.code} {refused.messages}")
            return Outcome(outcome.ms, TROUBLE)
        return outcome

    async def close(self, user: str, view_id: str) -> Outcome:
        """Closes a modal and those on top of it; the whole stack if it has clear_on_close."""
        person, view = self.person(user), self._view(view_id, user)
        stack = list(self.state.stacks.get(user, []))
        clear = bool(view.payload.get("clear_on_close"))
        closed = stack if clear else stack[stack.index(view_id) :]
        views = [self.state.views[each] for each in closed]
        close_views(self.state, user, closed)
        outcome = Outcome()
        for each in views:
            if each.payload.get("notify_on_close"):
                payload = payloads.view_closed(person, each, cleared=clear)
                _, outcome = await self._send("interactive", payload)
        return outcome

    async def open_home(self, user: str) -> Outcome:
        """Opens the app's home tab."""
        person = self.person(user)
        if not self.state.setup.home_tab:
            raise PlaygroundError("The app's manifest has no home tab.")
        event: Json = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": self.state.im_of(person.id).id,
            "tab": "home",
            "event_ts": f"{self.state.now():.6f}",
        }
        if user in self.state.homes:
            event["view"] = self.state.homes[user].api()
        return await self._event("app_home_opened", event)

    def _view(self, view_id: str, user: str) -> View:
        home = self.state.homes.get(user)
        view = home if home is not None and home.id == view_id else self.state.views.get(view_id)
        if view is None or view.user != user:
            raise PlaygroundError("That view is closed.")
        return view

    async def _send(
        self, kind: Kind, payload: Json, *, answers: bool = False
    ) -> tuple[Ack | None, Outcome]:
        try:
            ack = await self.delivery.send(kind, payload, answers=answers)
        except NotAcknowledged as failed:
            return None, Outcome(error=str(failed))
        return ack, Outcome(ms=ack.ms)


def page_channel(channel: Channel) -> Json:
    """Renders a channel for the page's list. `member`: whether the bot is in it."""
    return {
        "id": channel.id,
        "name": channel.name or "gardener",
        "member": channel.with_bot,
        "shared": channel.is_ext_shared,
        "im": channel.kind == "im",
        "unread": 0,
    }
