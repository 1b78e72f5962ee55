"""`gardener playground`: starts the stage, prints its URL, types the given messages, and ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping
from typing import Any

import click

from playground.feed import PlaygroundError
from playground.render import message_text
from playground.slack.people import BOT_USER, SLACKBOT
from playground.stage import Options, Playground

ALICE, OPS = "U0ALICE", "C0OPS"
ANSWER_S = 60.0
QUIET_S = 1.5

Json = dict[str, Any]


async def run(
    port: int | None,
    say: list[str],
    exit_after: bool,
    *,
    options: Options | None = None,
    patience: float = ANSWER_S,
    quiet: float = QUIET_S,
) -> int:
    """Runs the playground until Ctrl-C or SIGTERM; returns the exit code.

    `say`: messages for Alice to type in #ops, one after the other; each answer is printed. Returns
    1 if something does not start, or if an answer does not arrive within `patience` seconds. An
    answer is complete once it is unchanged for `quiet` seconds and has no Cancel button.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # read when the log server starts
    stop = asyncio.Event()
    stage = Playground(options or Options(port=port))
    _on_signals(stop, stage)
    try:
        async with _unless(stop, stage):
            _announce(stage)
            code = 0
            for text in say:
                if stop.is_set():
                    break
                if not await _ask(stage, text, _Listener(stage, patience, quiet), stop):
                    code = 1
                    break
            if not exit_after:
                await stop.wait()
            return code
    except _Interrupted:
        return 0
    except PlaygroundError as error:
        click.echo(str(error), err=True)
        return 1


class _Interrupted(Exception):  # noqa: N818 - not an error
    """Ctrl-C while the stage was starting."""


@contextlib.asynccontextmanager
async def _unless(stop: asyncio.Event, stage: Playground) -> Any:
    """Enters the stage, unless interrupted first."""
    entering = asyncio.ensure_future(stage.__aenter__())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({entering, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not entering.done():
        entering.cancel()
        await asyncio.gather(entering, return_exceptions=True)
        raise _Interrupted
    entering.result()
    try:
        yield
    finally:
        await stage.__aexit__()


def _on_signals(stop: asyncio.Event, stage: Playground) -> None:
    def asked() -> None:
        if stop.is_set():
            stage.hurry()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(ValueError, RuntimeError):  # not the main thread: a test's
            loop.add_signal_handler(number, asked)


def _announce(stage: Playground) -> None:
    if stage.wanted_port is not None:
        click.echo(f"Port {stage.wanted_port} is taken; this is the next free one.")
    click.echo(f"Gardener's playground: {stage.base_url}")


async def _ask(stage: Playground, text: str, listener: _Listener, stop: asyncio.Event) -> bool:
    """Types `text`, waits for the whole answer and prints the channel; False without an answer."""
    click.echo(f"\nAlice in #ops: {text}")
    try:
        await stage.workspace.say(ALICE, OPS, text)
        complete = await listener.answered(stop)
    except PlaygroundError as error:
        click.echo(str(error), err=True)
        return False
    finally:
        listener.end()
    for message in listener.shown():
        click.echo(message_text(message, lambda key: _name(stage, key)))
    if not complete and not stop.is_set():
        click.echo(f"No answer within {listener.patience:.0f} s: {text}", err=True)
        for name in ("web", "worker"):
            words = stage.processes.last_words(name) if stage.processes else ""
            if words:
                click.echo(f"The last words of {name}:\n{words}", err=True)
    return complete


class _Listener:
    """Collects what is posted or changed in #ops, as Alice sees it."""

    def __init__(self, stage: Playground, patience: float, quiet: float) -> None:
        self.patience, self._quiet = patience, quiet
        self._changed: dict[str, Json] = {}
        self._at = time.monotonic()
        self._event = asyncio.Event()
        self.end = stage.feed.watch(self._watch)

    def _watch(self, event: Json, only_for: str | None) -> None:
        if event["type"] == "message" and event["channel"] == OPS and only_for in {None, ALICE}:
            message = event["message"]
            self._changed.pop(message["ts"], None)
            self._changed[message["ts"]] = message
            self._at = time.monotonic()
            self._event.set()

    def shown(self) -> list[Json]:
        """Returns the messages in order, each thread below its message."""
        kept = [message for message in self._changed.values() if not message.get("deleted")]
        return sorted(kept, key=lambda m: (m.get("thread_ts") or m["ts"], m["ts"]))

    async def answered(self, stop: asyncio.Event) -> bool:
        """Waits until the bot's answer is complete; False if it does not come in time."""
        deadline = time.monotonic() + self.patience
        while not stop.is_set():
            now = time.monotonic()
            answers = [m for m in self.shown() if m["user"] in {BOT_USER, SLACKBOT}]
            final = bool(answers) and not any(cancellable(message) for message in answers)
            until = min(deadline, self._at + self._quiet) if final else deadline
            if now >= until:
                return final
            self._event.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(until - now):
                    await self._event.wait()
        return False


def cancellable(message: Mapping[str, Any]) -> bool:
    """True if a message has a Cancel button: its work is still running."""
    return any(
        element.get("type") == "button"
        and str(element.get("text", {}).get("text", "")).lower().startswith("cancel")
        for block in message.get("blocks", [])
        for element in [*block.get("elements", []), block.get("accessory") or {}]
    )


def _name(stage: Playground, key: str) -> str:
    state = stage.workspace.state
    if key in state.people:
        return str(state.people[key].name)
    return str(state.channels[key].name) if key in state.channels else key
