"""How servers report that a worker took too long over a request and was ended."""

from __future__ import annotations

import re
from typing import NamedTuple


class TimeoutLine(NamedTuple):
    """How one server reports it."""

    server: str
    find: re.Pattern[str]
    example: str
    counter: str


def _line(server: str, says: str, example: str, counter: str) -> TimeoutLine:
    return TimeoutLine(server, re.compile(says, re.IGNORECASE), example, counter)


TIMEOUT_LINES: tuple[TimeoutLine, ...] = (
    _line(
        "gunicorn",
        r"worker timeout(?:$| \()",
        "WORKER TIMEOUT (pid:12)",
        "WORKER TIMEOUT is set to 30s",
    ),
    _line(
        "uWSGI",
        r"harakiri (?:on worker|triggered)",
        "*** HARAKIRI ON WORKER 1 (pid: 9, try: 1) ***",
        "harakiri option is set to 30",
    ),
    _line(
        "Puma",
        r"terminating timed out worker",
        "! Terminating timed out worker (worker failed to check in within 60 seconds): 18",
        "worker timed out option is 60",
    ),
    _line(
        "Unicorn",
        r"worker=\S+ pid:\S+ timeout \(.{1,40}\), killing",
        "worker=2 PID:17 timeout (61s > 60s), killing",
        "worker=0 ready",
    ),
    _line(
        "PHP-FPM",
        r"execution timed out \(.{1,40}\), terminating",
        '[pool www] child 8, script "/app/index.php" execution timed out (31.2 sec), terminating',
        'child 8, script "/app/index.php" executing too slow (5.1 sec), logging',
    ),
    _line(
        "PHP",
        r"maximum execution time of .{1,20}exceeded",
        "Maximum execution time of 30 seconds exceeded",
        "max_execution_time is 30 seconds",
    ),
    _line(
        "Celery",
        r"hard time limit \(.{1,20}\) exceeded",
        "Hard time limit (30s) exceeded for app.tasks.report[9]",
        "hard time limit is 30s",
    ),
    _line(
        "supervisors of workers",
        r"\bworker .{0,60}timed out.{0,20}kill",
        "worker 3 timed out, killing it",
        "worker 3 timed out waiting for work",
    ),
)
"""In any order: one that matches is enough."""


def says_worker_timed_out(text: str) -> bool:
    """True if the text is a server's sentence about a worker that took too long."""
    return any(line.find.search(text) for line in TIMEOUT_LINES)
