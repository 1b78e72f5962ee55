"""Sentences of platforms and servers: a process ended, a service is not ready.

An end names an exit code or a signal, which decides what happened: ends with two codes are two
problems, as are those of two services.
"""

from __future__ import annotations

import re
from enum import Flag, auto
from typing import NamedTuple


class Means(Flag):
    """What a sentence reports."""

    ENDED = auto()
    """A process or container ended abnormally."""
    NOT_STARTED = auto()
    """A container or process did not come up."""
    NOT_READY = auto()
    """The platform's words for a service or job whose containers do not start."""


class EndLine(NamedTuple):
    """One sentence about an end, or a start that failed."""

    says: str
    """Lower case, matched at any place of the text; a regular expression."""
    means: Means
    example: str
    counter: str
    source: str


_ENDED, _NOT_STARTED, _NOT_READY = Means.ENDED, Means.NOT_STARTED, Means.NOT_READY

END_LINES: tuple[EndLine, ...] = (
    EndLine(
        r"container called exit\(",
        _ENDED,
        "Container called exit(1).",
        "exit(1)",
        "Cloud Run",
    ),
    EndLine(
        r"container terminated on signal|uncaught signal: ",
        _ENDED,
        "Uncaught signal: 11, pid=2, tid=2, fault_addr=0.",
        "signal received: reload",
        "Cloud Run",
    ),
    EndLine(
        r"container failed to start|failed to start and (?:then )?listen"
        r"|user-provided container failed|the container exited with an error",
        _ENDED | _NOT_STARTED | _NOT_READY,
        "The user-provided container failed to start and listen on the port",
        "container started and listens on the port",
        "Cloud Run",
    ),
    EndLine(
        r"startup (?:tcp |http |grpc )?probe failed|failed the configured startup probe",
        _ENDED | _NOT_STARTED | _NOT_READY,
        "Default STARTUP TCP probe failed 1 time consecutively for container",
        "Default STARTUP TCP probe succeeded after 1 attempt for container",
        "Cloud Run",
    ),
    EndLine(
        r"liveness (?:tcp |http |grpc )?probe failed",
        _ENDED,
        "LIVENESS HTTP probe failed 3 times consecutively for container",
        "LIVENESS HTTP probe succeeded",
        "Cloud Run",
    ),
    EndLine(
        r"using too much memory and was terminated|exceeded hard memory limit"
        r"|memory limit of .{1,40}exceeded|out of memory: killed",
        _ENDED,
        "Memory limit of 512 MiB exceeded with 520 MiB used.",
        "Memory limit of 512 MiB is set",
        "Cloud Run, App Engine, Linux",
    ),
    EndLine(
        r"worker failed to boot|application startup failed",
        _ENDED | _NOT_STARTED,
        "[ERROR] Reason: Worker failed to boot.",
        "Booting worker with pid: 7",
        "gunicorn, uvicorn",
    ),
    EndLine(
        r"worker \(pid:.{1,12}\) exited with code",
        _ENDED,
        "Worker (pid:9) exited with code 3",
        "Worker (pid:9) started",
        "gunicorn",
    ),
    EndLine(
        r"process (?:was )?(?:killed|terminated)",
        _ENDED,
        "process killed",
        "process started",
        "supervisors",
    ),
    EndLine(
        r"revision .{0,80}is not ready",
        _NOT_STARTED | _NOT_READY,
        "Revision 'web-00007-abc' is not ready and cannot serve traffic.",
        "Revision 'web-00007-abc' is ready",
        "Cloud Run",
    ),
    EndLine(
        r"execution .{1,120}has failed to complete|task .{1,120}failed with (?:message|exit code)",
        _NOT_READY,
        "Execution report-x7k2p has failed to complete, 0/1 tasks were a success.",
        "Execution report-x7k2p has completed successfully.",
        "Cloud Run jobs",
    ),
    EndLine(
        r"ready condition status changed to false|is not ready and cannot serve traffic"
        r"|(?:configuration|revision|service|route) .{1,120}(?:is not ready|failed"
        r"|not become ready)",
        _NOT_READY,
        "Ready condition status changed to False for Service web",
        "Ready condition status changed to True for Service web",
        "Cloud Run",
    ),
    EndLine(
        r"deployment failed|health check timeout|the user-provided container",
        _NOT_READY,
        "Deployment failed: the health check did not pass",
        "Deployment finished",
        "Cloud Run",
    ),
    EndLine(
        r"application failed to start|application run failed|unable to start web server"
        r"|error starting applicationcontext|could not find or load main class",
        _NOT_STARTED,
        "Error: Could not find or load main class com.example.Main",
        "Started Application in 3.1 seconds",
        "Spring Boot, Java",
    ),
    EndLine(
        r"eaddrinuse|address already in use|failed to listen on|failed to boot",
        _NOT_STARTED,
        "Error: listen EADDRINUSE: address already in use :::8080",
        "listening on :::8080",
        "Node, Go, Python, Ruby",
    ),
    EndLine(
        r"exec format error|exec user process caused|application exec likely failed",
        _NOT_STARTED,
        "exec /app/server: exec format error",
        "exec /app/server",
        "Linux, Docker, Cloud Run",
    ),
    EndLine(
        r"lifecycle script .{0,20}failed|failed at the .{0,40}script",
        _NOT_STARTED,
        "npm ERR! Lifecycle script `start` failed with error:",
        "Lifecycle script `start` runs",
        "npm",
    ),
)
"""Sentences about processes that end or do not start, and services that are not ready for it."""


def pattern(means: Means) -> str:
    """Returns the alternatives that report this."""
    return "|".join(line.says for line in END_LINES if means in line.means)


_ENDS = re.compile(pattern(_ENDED), re.IGNORECASE)
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


_UNREADY = re.compile(pattern(_NOT_READY), re.IGNORECASE)


def says_not_ready(text: str) -> bool:
    """True for what the platform says of a service or job whose containers do not start."""
    return _UNREADY.search(text[:2_000]) is not None
