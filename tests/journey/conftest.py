"""The whole Slack road: stand-in Slack, the real Bolt app, real Valkey, a real RQ worker."""

from __future__ import annotations

import base64
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

import pytest
from pydantic import SecretStr
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot import wiring as wirings
from bot.adapters.chart import Chart
from bot.adapters.github.tracker import GitHubTracker, Token
from bot.adapters.redis.queue.queue import NAME, quick_name
from bot.adapters.slack.messenger import SlackMessenger
from bot.core.model.environment import Environment
from bot.core.model.report import Report
from bot.settings.settings import Settings
from bot.wiring import Wiring
from handlers.app import build_app
from playground.github.seed import seeded
from playground.slack.people import AppSetup
from tests.fakes.logs import FakeLogs, some
from tests.installation import INSTALLATION
from tests.paths import ROOT
from tests.standins.github import GithubServer
from tests.standins.github import serve_in_thread as serve_github
from tests.standins.slack import PlaygroundServer, serve_in_thread
from tests.waiting import PATIENCE

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A picture of one point."""
SECRET = b"a secret of the tests, long enough"


class ThreadWorker(SimpleWorker):
    """RQ's worker in a thread of this process, so that fakes can be handed to its jobs."""

    death_penalty_class = TimerDeathPenalty

    def _install_signal_handlers(self) -> None:
        """Only a main thread may."""

    def subscribe(self) -> None:
        """Nobody sends it commands, and the thread that waits for them is slow to end."""

    def unsubscribe(self) -> None:
        """See `subscribe`."""


@dataclass
class Clock:
    """The real time, and what a test adds to it; or one moment, once it is stopped."""

    ahead: int = 0
    stopped: int | None = None

    def __call__(self) -> int:
        return (time.time_ns() if self.stopped is None else self.stopped) + self.ahead

    def stop(self) -> int:
        """Stops it, and returns the time."""
        self.stopped = self()
        return self.stopped


@dataclass
class Town:
    """What a journey walks through."""

    slack: PlaygroundServer
    wiring: Wiring
    logs: FakeLogs
    github: GithubServer
    clock: Clock

    # --- what people do --------------------------------------------------------------------------

    def types(self, text: str, user: str = "U0ALICE", channel: str = "C0OPS"):
        outcome = self.slack.command(user, channel, text)
        assert outcome.ok, outcome.error
        return outcome

    def clicks(self, message, action: str, user: str = "U0ALICE", channel: str = "C0OPS", **how):
        outcome = self.slack.click(user, action, channel=channel, ts=message["ts"], **how)
        assert outcome.ok, outcome.error

    def chooses(self, message, entry: str, user: str = "U0ALICE", channel: str = "C0OPS"):
        """An entry of the first card's menu, by its text."""
        for block in message["blocks"]:
            accessory = block.get("accessory") or {}
            for option in accessory.get("options", []):
                if accessory["type"] == "overflow" and option["text"]["text"] == entry:
                    self.clicks(
                        message, "card_menu", user, channel,
                        block_id=block["block_id"], chosen={"selected_option": option},
                    )  # fmt: skip
                    return
        raise AssertionError(f"no menu has {entry}")

    # --- what they see ---------------------------------------------------------------------------

    def sees(
        self, words: str, user: str = "U0ALICE", channel: str = "C0OPS", timeout: float = PATIENCE
    ):
        """The newest message that has these words, once it is there."""

        def look():
            found = [m for m in self.slack.messages(channel, user) if words in all_text(m)]
            return found[-1] if found else None

        try:
            return self.slack.wait_for(look, timeout)
        except TimeoutError:
            seen = "\n---\n".join(all_text(m) for m in self.slack.messages(channel, user))
            raise AssertionError(f"{words!r} was not seen, but:\n{seen}") from None

    def form(self, words: str, user: str = "U0ALICE", timeout: float = PATIENCE):
        """The open modal, once it has these words."""

        def look():
            view = self.slack.view(user)
            return view if view and words in all_text(view) else None

        try:
            return self.slack.wait_for(look, timeout)
        except TimeoutError:
            raise AssertionError(f"no {words!r} in {all_text(self.slack.view(user))}") from None

    def report(self, user: str = "U0ALICE", channel: str = "C0OPS"):
        return self.sees("Refresh", user, channel)


def all_text(value) -> str:
    """Every text in a message or view."""
    if isinstance(value, dict):
        own = [str(v) for k, v in value.items() if k == "text" and isinstance(v, str)]
        return "\n".join([*own, *filter(None, (all_text(v) for v in value.values()))])
    if isinstance(value, list):
        return "\n".join(filter(None, map(all_text, value)))
    return ""


def buttons(message) -> list[str]:
    """Texts of the buttons, in order."""
    elements = [
        element
        for block in message["blocks"]
        for element in [
            block.get("accessory") or {},
            *(block.get("elements", []) if block["type"] == "actions" else []),
        ]
    ]
    return [each["text"]["text"] for each in elements if each.get("type") == "button"]


STAGING = Environment(
    name="staging",
    project="netra-staging",
    services=("netra-backend-staging",),
    github="owner/name",
)


@pytest.fixture
def environments() -> list[Environment]:
    """A test may override it."""
    return [STAGING]


@pytest.fixture
def chart() -> Callable[[Report], Chart]:
    """A test may override it: most do not look at it, and it costs more than the whole report."""
    return lambda report: Chart(DOT, report.environment)


@pytest.fixture
def messenger() -> type[SlackMessenger]:
    """A test may override it."""
    return SlackMessenger


@pytest.fixture
def town(_state_of_session, redis_client, environments, chart, messenger) -> Iterator[Town]:
    now = time.time_ns()
    setup = AppSetup.read(ROOT)
    with (
        serve_in_thread(setup=setup, rate_limits=False, ack_seconds=PATIENCE) as slack,
        serve_github(seeded()) as github,
    ):
        settings = Settings(
            environments=MappingProxyType({e.name: e for e in environments}),
            state_dir=_state_of_session,
            slack_bot_token=SecretStr(slack.bot_token),
            slack_app_token=SecretStr(slack.app_token),
            slack_api_url=slack.api_url,
            secrets=(SECRET,),
            installation=INSTALLATION,
            github_token=SecretStr(github.state.token),
            github_api_url=github.url,
        )
        clock = Clock()
        logs = FakeLogs(some(now))
        built = Wiring(settings, now=clock)
        wiring = built.having(
            logs=logs,
            activity=logs,
            redis_client=redis_client,
            slack_client=built.slack_client,
            # Without a pace: that both keep to one is shown where they are tested alone.
            slack=messenger(built.slack_client, look_ups=built.look_ups),
            tracker=GitHubTracker(
                Token(github.state.token), base_url=github.url, pace=lambda: None
            ),
            chart=chart,
        )
        wirings.use(wiring)
        handler = SocketModeHandler(build_app(wiring), slack.app_token, ping_interval=1)
        handler.connect()
        slack.wait_for_connection()
        logging.getLogger("rq.worker").setLevel(logging.WARNING)
        workers = [_Working(wiring, quick_name(NAME)), _Working(wiring, quick_name(NAME), NAME)]
        try:
            yield Town(slack, wiring, logs, github, clock)
        finally:
            if logs.gate is not None:
                logs.gate.set()
            _end(workers)
            _close(handler, slack)
            wirings._in_use.clear()


class _Working:
    """A worker that waits for jobs in a thread of its own."""

    def __init__(self, wiring: Wiring, *names: str) -> None:
        self.own = wiring.connect()
        self.queues = [Queue(n, connection=self.own, serializer=JSONSerializer) for n in names]
        self.worker = ThreadWorker(self.queues, connection=self.own, serializer=JSONSerializer)
        self.thread = threading.Thread(target=self._work, name=f"worker of {names}")
        self.thread.start()

    def _work(self) -> None:
        self.worker.work(logging_level="WARNING")


def _end(workers: list[_Working]) -> None:
    """After the jobs in hand. A job that does nothing wakes each worker that waits for one."""
    for each in workers:
        each.worker._stop_requested = True
    for each in workers:
        each.queues[0].enqueue(time.monotonic)
    for each in workers:
        each.thread.join(PATIENCE)


def _close(handler: SocketModeHandler, slack: PlaygroundServer) -> None:
    """What `handler.close()` does, without its wait of up to a second for one message more."""
    handler.client.auto_reconnect_enabled = False
    slack.hang_up()
    handler.client.message_processor.event.set()
    handler.client.message_queue.put("")
    handler.close()
