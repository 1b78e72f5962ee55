"""Checks whether processes that are not our children are alive."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path


def command(pid: int) -> str | None:
    """Returns the command line of a live process; None if it is gone or a zombie."""
    if Path("/proc/self/stat").exists():
        try:
            state = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(") ")[2]
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            return None
    else:
        said = subprocess.run(
            ["ps", "-o", "stat=,args=", "-p", str(pid)],  # noqa: S607 - macOS has it
            capture_output=True,
            text=True,
            check=False,
        )
        state, _, arguments = said.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else arguments


def gone(pid: int, patience: float) -> bool:
    """Waits until the process is gone or a zombie, at most `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if time.monotonic() > deadline - patience + 0.2 and command(pid) is None:
            return True
        time.sleep(0.005)
    return False
