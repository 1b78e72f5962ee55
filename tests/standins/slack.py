"""The Slack stand-in on a loopback port in a thread of its own, with blocking methods.

with serve_in_thread() as slack:
    app = App(client=WebClient(token=slack.bot_token, base_url=slack.api_url))
    …
    slack.command("U0ALICE", "C0OPS", "staging 2d")
    slack.wait_for(lambda: slack.messages("C0OPS"))
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from aiohttp import web

from playground.feed import Json
from playground.slack.delivery import ACK_SECONDS, HttpDelivery
from playground.slack.people import BOT_USER, AppSetup
from playground.slack.records import ApiCall, Message
from playground.slack.routes import PlaygroundSlack
from playground.slack.state import SlackState, with_ids
from playground.slack.workspace import Outcome, Workspace
from tests.waiting import PATIENCE

T = TypeVar("T")
STARTED = 10.0


class PlaygroundServer:
    """A running stand-in, driven from another thread."""

    def __init__(self, workspace: Workspace, loop: asyncio.AbstractEventLoop) -> None:
        self.workspace = workspace
        self.state = workspace.state
        self._loop = loop
        self._changed = threading.Condition()
        self._version = 0
        self.base_url = self.state.base_url
        self.api_url = f"{self.base_url}/slack/api/"
        self.bot_token = self.state.bot_token
        self.app_token = self.state.app_token
        self.call_in_loop(lambda: self.state.feed.watch(self._note))

    def _note(self, _: Json, __: str | None) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def run(self, work: Coroutine[Any, Any, T], timeout: float = PATIENCE) -> T:
        """Runs a coroutine in the server's loop and waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def call_in_loop(self, work: Callable[[], T]) -> T:
        """Calls a function in the server's loop, where the state may be read and changed."""

        async def call() -> T:
            return work()

        return self.run(call())

    def wait_for(self, predicate: Callable[[], T], timeout: float = PATIENCE) -> T:
        """Evaluates `predicate` after every event until it is true; returns its value.

        Without events, evaluates it 20 times a second, since it may depend on other things. Raises
        TimeoutError. The predicate runs in the calling thread.
        """
        deadline = time.monotonic() + timeout
        while True:
            with self._changed:
                seen = self._version
            value = predicate()
            if value:
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not within {timeout} s; last calls: {self.call_names()[-8:]}")
            with self._changed:
                self._changed.wait_for(lambda: self._version != seen, min(left, 0.05))  # noqa: B023

    def wait_for_connection(self, count: int = 1, timeout: float = PATIENCE) -> None:
        """Waits until this many Socket Mode connections accept envelopes."""
        self.wait_for(lambda: self.workspace.socket.connections >= count, timeout)

    def hang_up(self) -> None:
        """Drops all Socket Mode connections, so that slack_sdk's client ends at once.

        Its `close()` alone waits up to three seconds for a read that never returns. Set
        `handler.client.auto_reconnect_enabled = False` before.
        """
        self.call_in_loop(self.workspace.socket.cut)

    def command(self, user: str, channel: str, text: str) -> Outcome:
        """Types a slash command: `/gardener staging 2d`, or only the text after `/gardener`."""
        typed = text if text.startswith("/") else f"/gardener {text}".rstrip()
        return self.run(self.workspace.say(user, channel, typed))

    def say(self, user: str, channel: str, text: str, *, thread_ts: str | None = None) -> Outcome:
        """Writes a message."""
        return self.run(self.workspace.say(user, channel, text, thread_ts=thread_ts))

    def click(self, user: str, action_id: str, **where: Any) -> Outcome:
        """Clicks: `channel` and `ts`, or `view_id`; `block_id`, `chosen`, `values` as needed."""
        return self.run(self.workspace.click(user, action_id, **where))

    def submit(
        self, user: str, view_id: str, values: Mapping[str, Mapping[str, Json]] | None = None
    ) -> Outcome:
        """Submits a modal."""
        return self.run(self.workspace.submit(user, view_id, values))

    def open_home(self, user: str) -> Outcome:
        """Opens the home tab."""
        return self.run(self.workspace.open_home(user))

    def drop_file(self, user: str, channel: str, name: str, content: bytes) -> Outcome:
        """Shares a file with the bot."""
        return self.run(self.workspace.drop_file(user, channel, name, content))

    def messages(
        self, channel: str, user: str = "U0ALICE", *, thread_ts: str | None = None
    ) -> list[Json]:
        """Returns the messages that a person sees, oldest first, in the page's form.

        With `thread_ts`, only that thread's replies.
        """

        def read() -> list[Json]:
            return [
                each.page()
                for each in self.state.visible(channel, user)
                if thread_ts is None or each.thread_ts == thread_ts
            ]

        return self.call_in_loop(read)

    def view(self, user: str) -> Json | None:
        """Returns the modal on top of a person's screen; None if there is none."""

        def read() -> Json | None:
            stack = self.state.stacks.get(user)
            return self.state.views[stack[-1]].page() if stack else None

        return self.call_in_loop(read)

    def home(self, user: str) -> Json | None:
        """Returns a person's home tab; None if the app published none."""

        def read() -> Json | None:
            home = self.state.homes.get(user)
            return home.page() if home else None

        return self.call_in_loop(read)

    def api_calls(self, method: str | None = None) -> list[ApiCall]:
        """Returns the Web API calls so far, oldest first."""
        calls: Sequence[ApiCall] = self.call_in_loop(lambda: list(self.state.calls))
        return [each for each in calls if method in (None, each.method)]

    def call_names(self) -> list[str]:
        """Returns the calls as `method` or `method: error`, oldest first."""
        return [
            each.method if each.ok else f"{each.method}: {each.answer.get('error')}"
            for each in self.api_calls()
        ]


def post_as(
    workspace: Workspace, user: str, channel: str, text: str, blocks: list[Json] | None = None
) -> str:
    """Puts a message into a channel without a word to the app; returns its ts."""
    message = Message(
        channel,
        workspace.state.next_ts(),
        user,
        text,
        with_ids(blocks or []),
        is_bot=user == BOT_USER,
    )
    return workspace.state.add(message).ts


@contextmanager
def serve_in_thread(
    *,
    setup: AppSetup | None = None,
    deliver: str = "socket",
    request_url: str = "",
    signing_secret: str = "",
    now: Callable[[], float] = time.time,
    ack_seconds: float = ACK_SECONDS,
    rate_limits: bool = True,
    more_routes: Callable[[Workspace], Sequence[web.AbstractRouteDef]] | None = None,
) -> Iterator[PlaygroundServer]:
    """Serves a fresh workspace on a free loopback port while the block runs.

    `deliver="http"` sends commands, clicks and events as signed POSTs to `request_url` instead of
    over Socket Mode. `more_routes` adds routes, such as the page's.
    """
    state = SlackState(now=now, setup=setup or AppSetup(), rate_limits=rate_limits)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="playground-slack", daemon=True)
    thread.start()

    async def start() -> tuple[web.AppRunner, Workspace]:
        http = HttpDelivery(state.feed, request_url, signing_secret, ack_seconds=ack_seconds)
        workspace = Workspace(
            state, delivery=http if deliver == "http" else None, ack_seconds=ack_seconds
        )
        state.feed.bind(asyncio.get_running_loop())
        app = web.Application()
        app.add_routes(PlaygroundSlack(workspace).routes())
        if more_routes is not None:
            app.add_routes(more_routes(workspace))
        runner = web.AppRunner(app, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        state.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner, workspace

    async def stop(runner: web.AppRunner, workspace: Workspace) -> None:
        await workspace.delivery.close()
        await workspace.socket.close()
        await runner.cleanup()

    try:
        started = asyncio.run_coroutine_threadsafe(start(), loop)
        runner, workspace = started.result(STARTED)
        try:
            yield PlaygroundServer(workspace, loop)
        finally:
            asyncio.run_coroutine_threadsafe(stop(runner, workspace), loop).result(STARTED)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(STARTED)
        loop.close()
