"""How processes wait for the store, and end: by a signal or with their parent."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import structlog

from bot.core.model.errors import Unavailable

PARENT_PIPE = "GARDENER_ENDS_WITH_STDIN"
"""Set by `up` for its children: they end when their standard input closes, with `up`."""

ENDING = (signal.SIGTERM, signal.SIGINT)

_log = structlog.get_logger(__name__)


def stop_event() -> threading.Event:
    """Returns an event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()

    def on_signal(*_: object) -> None:
        # A second signal inside `set` would deadlock on the lock that the first one holds.
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        stop.set()

    for number in ENDING:
        signal.signal(number, on_signal)
    return stop


def patiently(look: Callable[[], None], patience: float = 60.0) -> None:
    """Calls `look` until it stops raising `Unavailable`, for `patience` seconds; then raises it.

    The store may start later than this process.
    """
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while True:
        try:
            look()
            return
        except Unavailable as error:
            if time.monotonic() > deadline:
                raise
            _log.warning("waiting", why=str(error))
            pause.wait(2)


def end_with_parent() -> None:
    """Ends this process when its parent `up` is gone, for whatever reason; else does nothing."""
    if os.environ.pop(PARENT_PIPE, None) is None:
        return

    ends_with(0)


def ends_with(pipe: int) -> None:
    """Sends SIGTERM to this process once the other end of a pipe (descriptor) is closed."""

    def watch() -> None:
        while os.read(pipe, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
