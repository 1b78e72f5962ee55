"""The whole playground on a thread of its own, with blocking methods."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

from playground.stage import Options, Playground
from tests.standins.slack import PlaygroundServer
from tests.waiting import PATIENCE

T = TypeVar("T")


class PlaygroundThread:
    """A Playground on a thread of its own, with blocking methods. A context manager.

    `slack` is the workspace as a person uses it; `github`, `logs` and `service` may be used as they
    are.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.playground = Playground(options or Options(port=0))
        self.github, self.logs = self.playground.github, self.playground.logs
        self.service = self.playground.service
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="playground")

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.run(self.playground.__aenter__(), self.playground.options.start_timeout + 30)
        except BaseException:
            self._end()
            raise
        self.slack = PlaygroundServer(self.playground.workspace, self._loop)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.run(self.playground.__aexit__())
        finally:
            self._end()

    @property
    def base_url(self) -> str:
        """The page's address."""
        return self.playground.base_url

    @property
    def state_dir(self) -> Path:
        """Where the embedded server and the processes' logs are."""
        return self.playground.state_dir

    def break_service(self) -> None:
        """Deploys the revision that cannot start."""
        self.service.break_service()

    def deploy_fix(self) -> None:
        """Deploys a revision that can."""
        self.service.deploy_fix()

    def silence(self) -> None:
        """No more lines of the service."""
        self.service.silence()

    def resume(self) -> None:
        """Ends a silence."""
        self.service.resume()

    def process(self, name: str, do: str) -> None:
        """`kill` or `restart` a process of the bot."""
        if self.playground.processes is not None:
            self.run(self.playground.processes.act(name, do))

    def states(self) -> dict[str, str]:
        """Name → starting, running, stopped or crashed."""
        bot = self.playground.processes
        shown = self.slack.call_in_loop(bot.snapshot) if bot is not None else []
        return {each["name"]: each["state"] for each in shown}

    def run(self, work: Coroutine[Any, Any, T], timeout: float = PATIENCE) -> T:
        """Runs a coroutine in the playground's loop and waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
