"""`gardener up` for other commands: up.py '{"name": ["argv", …]}' --logs DIR."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from bot.core.model.errors import GardenerError
from bot.processes import lifetime
from bot.processes.supervisor import Supervisor, print_change


def supervised(**commands):
    """The command line of this program for these commands."""
    return [sys.executable, __file__, json.dumps(commands)]


def main():
    commands, _, logs = sys.argv[1:]
    lifetime.end_with_parent()
    supervisor = Supervisor(
        json.loads(commands),
        env={lifetime.PARENT_PIPE: "1"},
        first_pause=0.01,
        logs=Path(logs),
        changed=print_change,
    )
    signal.signal(signal.SIGTERM, lambda *_: supervisor.stop())
    try:
        supervisor.run()
    except GardenerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
