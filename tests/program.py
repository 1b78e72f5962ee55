"""`gardener …` as a process of its own, without half a second of imports for each.

A server that has imported the program once forks for each call. What differs from a start by hand
is only that; `installed` starts it by hand.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.paths import ROOT
from tests.standins.slack import PlaygroundServer

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(
    [
        "bot.__main__",
        "bot.cli.analyze",
        "bot.adapters.files.log_file",
        "bot.adapters.redis.client",
        "bot.cli.index",
    ]
)
ENDS = 240.0
"""Seconds after which a call that has not ended is killed."""

Done = subprocess.CompletedProcess[str]


def installed() -> str:
    """The program that pip has put beside this Python."""
    return str(Path(sys.executable).parent / "gardener")


def clean(cwd: Path, **more: str) -> dict[str, str]:
    """This environment without what is set for Gardener; the state is kept in `cwd`."""
    ours = ("GARDENER", "REDIS", "SLACK", "GITHUB")
    rest = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**rest, "GARDENER_STATE": str(cwd / "state"), **more}


def served_port(log: Path, nth: int = 0) -> int | None:
    """The port in the log's `nth` line of a web process that listens; None: not there yet."""
    lines = log.read_text("utf-8").splitlines(keepends=True)
    told = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}\n")]
    ports = [line["port"] for line in told if line["event"] == "serving"]
    return ports[nth] if len(ports) > nth else None


def up_for(slack: PlaygroundServer, state: Path, **more: str) -> dict[str, str]:
    """The environment of a `gardener up` that serves a local workspace; its log source is away."""
    rest = {name: value for name, value in os.environ.items() if name != "RQ_KEY_PREFIX"}
    return rest | {
        "GARDENER_STATE": str(state),
        "GARDENER_SECRET": "a secret of the tests",
        "GARDENER_CONFIG": str(ROOT / "gardener.toml"),
        "GARDENER_LOGGING_ENDPOINT": "grpc://127.0.0.1:1",
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
        "PORT": "0",
        **more,
    }


def gardener(*arguments: str, cwd: Path, stdin: str = "", **environment: str) -> Done:
    """Runs the program in `cwd`, with `clean` as its environment."""
    with tempfile.TemporaryDirectory(prefix="gardener-") as folder:
        files = [str(Path(folder, name)) for name in ("in", "out", "err")]
        Path(files[0]).write_text(stdin, "utf-8")
        process = _forks.Process(
            target=_run, args=(arguments, cwd, clean(cwd, **environment), files)
        )
        process.start()
        process.join(ENDS)
        if process.is_alive():
            process.kill()
            raise TimeoutError(f"gardener {' '.join(arguments)} has not ended")
        out, err = (Path(name).read_text("utf-8") for name in files[1:])
        return Done(arguments, process.exitcode or 0, out, err)


def _run(arguments: tuple[str, ...], cwd: Path, env: dict[str, str], files: list[str]) -> None:
    for descriptor, (name, flags) in enumerate(
        zip(files, (os.O_RDONLY, *[os.O_CREAT | os.O_WRONLY] * 2), strict=True)
    ):
        os.dup2(os.open(name, flags, 0o600), descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - ends with the process
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["gardener", *arguments]
    from bot.__main__ import main

    try:
        main()
    finally:
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()  # a forked process would skip them
