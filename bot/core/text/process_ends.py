"""Sentences of platforms and servers: a process ended, a service is not ready.

An end names an exit code or a signal, which decides what happened: ends with two codes are two
problems, as are those of two services.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class EndLine(NamedTuple):
    """One sentence about an end."""

    says: str
    """Lower case, matched at any place of the text; a regular expression."""
    example: str
    counter: str
    source: str


END_LINES: tuple[EndLine, ...] = (
    EndLine(r"container called exit\(", "Container called exit(1).", "exit(1)", "Cloud Run"),
    EndLine(
        r"container terminated on signal|uncaught signal: ",
        "Uncaught signal: 11, pid=2, tid=2, fault_addr=0.",
        "signal received: reload",
        "Cloud Run",
    ),
    EndLine(
        r"container failed to start|failed to start and then listen|user-provided container failed"
        r"|the container exited with an error",
        "The user-provided container failed to start and listen on the port",
        "container started and listens on the port",
        "Cloud Run",
    ),
    EndLine(
        r"(?:startup|liveness) (?:tcp |http |grpc )?probe failed"
        r"|failed the configured startup probe",
        "Default STARTUP TCP probe failed 1 time consecutively for container",
        "Default STARTUP TCP probe succeeded after 1 attempt for container",
        "Cloud Run",
    ),
    EndLine(
        r"using too much memory and was terminated|exceeded hard memory limit"
        r"|memory limit of .{1,40}exceeded|out of memory: killed",
        "Memory limit of 512 MiB exceeded with 520 MiB used.",
        "Memory limit of 512 MiB is set",
        "Cloud Run, App Engine, Linux",
    ),
    EndLine(
        r"worker failed to boot|worker \(pid:.{1,12}\) exited with code|application startup failed",
        "[ERROR] Reason: Worker failed to boot.",
        "Booting worker with pid: 7",
        "gunicorn, uvicorn",
    ),
    EndLine(
        r"process (?:was )?(?:killed|terminated)",
        "process killed",
        "process started",
        "supervisors",
    ),
)
"""Sentences that say that a process or container ended abnormally."""

_ENDS = re.compile("|".join(line.says for line in END_LINES), re.IGNORECASE)
_PARTS = ("ailed", "xit", "erminated", "ignal", "xceeded", "illed")
"""One of these parts of words is in every sentence: a cheap test before the expression."""
_CODE = re.compile(
    r"exit\((-?\d{1,3})\)|(?:exited|exit)(?: with)?(?: exit)? (?:code|status)[:=]? ?(-?\d{1,3})"
    r"|signal:? ?(\d{1,2})\b",
    re.IGNORECASE,
)
LONGEST = 1_000
"""Characters of a text that may be a sentence about an end."""

ENDED = "ended"
"""How the place of a message about an end begins; the exit code and the service follow."""


def is_end(text: str) -> bool:
    """True if the text says that a process or container ended abnormally."""
    if len(text) > LONGEST:
        return False
    for part in _PARTS:
        if part in text:
            return _ENDS.search(text) is not None
    return False


def ended(text: str) -> str:
    """Returns `ENDED` with the exit code for a sentence about an end; empty for any other text."""
    if not is_end(text):
        return ""
    code = _CODE.search(text)
    return f"{ENDED} {next(filter(None, code.groups()))}" if code else ENDED


_CLEAN = re.compile(r"exit\(0\)|exited with code 0\b", re.IGNORECASE)


def is_clean_end(text: str) -> bool:
    """True if the sentence names the exit code 0."""
    return _CLEAN.search(text) is not None


_NOT_READY = re.compile(
    r"ready condition status changed to false|is not ready and cannot serve traffic"
    r"|failed to start and (?:then )?listen|container failed to start"
    r"|(?:configuration|revision|service|route) .{1,120}(?:is not ready|failed|not become ready)"
    r"|failed the configured startup probe|startup (?:tcp |http |grpc )?probe failed"
    r"|the container exited with an error|deployment failed|health check timeout"
    r"|revision .{1,120}failed with message|the user-provided container"
    r"|execution .{1,120}has failed to complete|task .{1,120}failed with (?:message|exit code)",
    re.IGNORECASE,
)


def says_not_ready(text: str) -> bool:
    """True for what the platform says of a service or job whose containers do not start."""
    return _NOT_READY.search(text[:2_000]) is not None
