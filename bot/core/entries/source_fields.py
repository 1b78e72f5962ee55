"""Reads the source location that a JSON logger writes into fields of its own.

Each row names the fields of some loggers; the first that holds a file or a class counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.model.values import Location


@dataclass(frozen=True, slots=True)
class SourceFields:
    """One convention: the paths of its fields in the payload, with dots between the keys."""

    loggers: str
    file: str
    line: str = ""
    function: str = ""


FIELDS: tuple[SourceFields, ...] = (
    SourceFields("slog (Go, AddSource), log4j2 JsonLayout", "source.file", "source.line",
                 "source.function"),
    SourceFields("zap, zerolog, pino-caller", "caller"),
    SourceFields("zap's short keys", "C"),
    SourceFields("bunyan (src: true)", "src.file", "src.line", "src.func"),
    SourceFields("python-json-logger", "pathname", "lineno", "funcName"),
    SourceFields("logstash-logback-encoder", "caller_file_name", "caller_line_number",
                 "caller_method_name"),
    SourceFields("logrus (SetReportCaller)", "file", "line", "func"),
    SourceFields("Elastic Common Schema", "log.origin.file.name", "log.origin.file.line",
                 "log.origin.function"),
    SourceFields("OpenTelemetry", "attributes.code.filepath", "attributes.code.lineno",
                 "attributes.code.function"),
    SourceFields("Monolog's IntrospectionProcessor", "extra.file", "extra.line",
                 "extra.function"),
    SourceFields("Monolog, a thrown exception", "context.exception.file"),
)  # fmt: skip
"""All conventions, in order."""

_FILE = re.compile(
    r"(.{0,300}[\w)\]]\.(?:py|[mc]?[jt]sx?|vue|go|java|kts?|scala|groovy|clj|rb|php|rs|cs|fs|vb|exs?"
    r"|erl|swift|dart|lua|pl|cc|cpp|cxx|c))(?::(\d{1,8}))?(?::\d{1,8})?"
)
"""A source file, with its line where the logger joins both; `invoice.pdf` is none."""


def location(payload: Mapping[str, object]) -> Location | None:
    """Returns the location that the first matching convention names; None without any."""
    for row in FIELDS:
        file = _value(payload, row.file)
        if not isinstance(file, str) or (named := _FILE.fullmatch(file.strip())) is None:
            continue
        line = named[2] or str(_value(payload, row.line) or "")
        function = _value(payload, row.function)
        return Location(
            named[1],
            function if isinstance(function, str) and function else None,
            int(line) if line.isdecimal() and len(line) <= 8 else None,
        )
    return None


def _value(payload: Mapping[str, object], path: str) -> object:
    """Follows a path through nested objects, or finds it as one dotted key."""
    if not path:
        return None
    if path in payload:
        return payload[path]
    head, _, rest = path.partition(".")
    inside = payload.get(head)
    return _value(inside, rest) if rest and isinstance(inside, Mapping) else None
