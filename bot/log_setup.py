"""The program's own log: on standard error, as JSON unless that is a terminal.

It contains no secrets: the settings' secrets and anything like a Slack credential are removed from
every text, which is then redacted like a log entry.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from bot.core.text.redact import redact

_SLACK = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|https?://\S*/(?:commands|services|actions|respond)/\S+"
)
_TALKATIVE = (
    "slack_sdk",  # at DEBUG it logs the response_url, which is a credential
    "slack_bolt",
    "urllib3",
    "github",
    "google",
    "grpc",
    "asyncio",
    "matplotlib",
    "PIL",
)
_SHORTEST = 6
"""Minimum characters of a hidden secret; a shorter one would blank out ordinary words."""


def configure(
    level: str = "INFO",
    *,
    hide: Iterable[str] = (),
    stream: TextIO | None = None,
    as_json: bool | None = None,
) -> None:
    """Configures this process's log; may be called again. `hide`: texts to remove from it."""
    stream = stream or sys.stderr
    if as_json is None:
        as_json = not stream.isatty()
    scrub = Scrub(hide)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        scrub,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLevelName(level)))
    for name in ("rq", "rq.worker", "rq.job", "gunicorn.error", "gunicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
    # It warns about every place searched in vain; our own error explains what to do.
    logging.getLogger("google.auth").setLevel(logging.ERROR)
    # At INFO they log every job and heartbeat.
    for name in ("rq.worker", "rq.job"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


class Scrub:
    """A structlog processor that removes secrets anywhere in an event."""

    def __init__(self, hide: Iterable[str]) -> None:
        self._hide = sorted({text for text in hide if len(text) >= _SHORTEST}, key=len)[::-1]

    def __call__(
        self, logger: object, method: str, event: MutableMapping[str, Any]
    ) -> Mapping[str, Any]:
        """Cleans every value of an event; called by structlog."""
        del logger, method
        for name, value in list(event.items()):
            if not name.startswith("_"):
                event[name] = self.clean(value)
        return event

    def clean(self, value: object, depth: int = 0) -> object:
        """Returns the value without secrets; what is not JSON-like becomes its `repr`."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth < 6 and isinstance(value, Mapping):
            return {self._text(str(k)): self.clean(v, depth + 1) for k, v in value.items()}
        if depth < 6 and isinstance(value, list | tuple | set | frozenset):
            return [self.clean(item, depth + 1) for item in value]
        return self._text(value if isinstance(value, str) else repr(value))

    def _text(self, text: str) -> str:
        for secret in self._hide:
            text = text.replace(secret, "***")
        return redact(_SLACK.sub("***", text))
