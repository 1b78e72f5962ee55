"""Reads the frames of tracebacks: a pattern a language, and which are the service's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from bot.core.model.values import Location

MAX_LINE = 2_000

PY_FRAME = re.compile(
    r'\s{0,40}[|+]?\s{0,8}File "([^"\n]{1,400})", line (\d{1,8})(?:, in ([^\n]{1,200}))?'
)
_JS_FRAME = re.compile(
    r"\s{1,16}at (?:async )?(?:(?:new )?([\w$.<>\[\] ]{1,200}) \()?"
    r"((?:file://|node:|/|[A-Za-z]:\\|\.{0,2}/"
    r"|webpack)[^\s()]{1,400}):(\d{1,8}):\d{1,8}\)?(?: \{)?\s{0,4}$"
)
_NET_FRAME = re.compile(
    r"\s{1,16}at ([\w.$<>`,\[\]+]{1,300})\.([\w$<>`\[\],|]{1,200})\([^\n]{0,400}\) "
    r"in ((?:[A-Z]:)?[^\n:]{1,400}):line (\d{1,8})\s{0,4}$"
)
_JAVA_FRAME = re.compile(
    r"\s{1,16}at ([\w.$/<>@-]{1,300})\.([\w$<>]{1,200})\(([^():]{1,200})(?::(\d{1,8}))?\)"
)
"""Java's, and those of .NET that name no file."""
GO_FRAME = re.compile(
    r"\s{1,8}(/[^\s:]{1,400}\.go):(\d{1,8})(?: \+0x[0-9a-f]{1,16})?(?: fp=[^\n]{1,80})?$"
)
_RUBY_PATH = r"(/?[\w./-]{1,400}\.(?:rb|ru|rake)|/[\w./-]{1,400}|<internal:[^>\n]{1,400}>)"
RUBY_FRAME = re.compile(
    rf"\s{{0,16}}(?:from |\d{{1,4}}: from )?{_RUBY_PATH}:(\d{{1,8}}):in [`'](?:[^`'\n]{{1,200}})'"
)
RUBY_RAISED = re.compile(
    rf"{_RUBY_PATH}:(\d{{1,8}}):in [`']([^`'\n]{{1,200}})': ([^\n]{{1,1800}}?) "
    r"\(((?:[A-Z]\w{0,80}::){0,8}[A-Z]\w{0,80})\)$"
)
"""Ruby's uncaught exception: its frame, its message and its class in one line."""
PHP_FRAME = re.compile(
    r"#\d{1,4} (?:(/[^\n()]{1,400})\((\d{1,8})\): [^\n]{1,400}|\{main\}|\[internal)"
)
_ELIXIR_FRAME = re.compile(
    r"\s{2,12}(?:\([\w .-]{1,80}\) )?((?:lib|src|web"
    r"|test)/[\w./-]{1,300}\.exs?):(\d{1,8}): ([^\n]{1,200})"
)
_RUST_FRAME = re.compile(r"\s{4,20}at (\.?/?[\w./-]{1,400}\.rs):(\d{1,8})(?::\d{1,8})?$")
RUST_PANIC = re.compile(
    r"(?:thread '[^'\n]{1,80}' (?:\(\d{1,10}\) )?)?panicked at ([^\n':]{1,400}):(\d{1,8}):\d{1,8}:?"
    r"(?: |\s{0,4}$)"
)
"""The first line of a panic, which names the line that panicked."""
_MORE = re.compile(r"\s{1,16}\.{3} \d{1,6} (?:more|common frames omitted)")

_DEPENDENCY = re.compile(
    r"site-packages|dist-packages|/usr/(?:local/)?lib/|/lib/python\d|<frozen|<string>|node_modules"
    r"|node:|/pyenv/|/\.venv/|/go/pkg/mod/|/usr/local/go/|internal/process|webpack/"
)
_JAVA_DEPENDENCY = re.compile(
    r"(?:[\w.@-]{1,80}/{1,2})?(?:System|Microsoft|Npgsql|Newtonsoft|MySql|java|javax|jdk|sun"
    r"|com\.sun|kotlin|kotlinx|scala|jakarta|groovy|clojure|reactor|akka|okhttp3|retrofit2|rx|zio"
    r"|org\.(?:springframework|apache|hibernate|eclipse|jboss|postgresql|mariadb|sqlite|h2|mongodb"
    r"|slf4j|jooq|flywaydb|thymeleaf|codehaus|glassfish|reactivestreams|yaml|json|wildfly|quartz)"
    r"|io\.(?:netty|grpc|undertow|quarkus|vertx|smallrye|micronaut|lettuce|jsonwebtoken|reactivex"
    r"|opentelemetry|micrometer|helidon|dropwizard|ktor|r2dbc|agroal)|ch\.qos|oracle|liquibase"
    r"|com\.(?:google|fasterxml|zaxxer|mysql|microsoft|mongodb|oracle|rabbitmq|azure|amazonaws)"
    r"|redis\.clients|software\.amazon)\."
)
_VENDORED = re.compile(
    r"(?:^|/)(?:vendor|gems|deps|rubygems|vendor_ruby|rustc|\.cargo|cargo/registry"
    r"|rustlib)/|^<internal:|^/usr/(?:local/)?s?bin/"
)
_SOURCE = re.compile(r"^/(?:src|source|build)/")
_ROOTS = re.compile(r"^(?:file://)?(?:/app/|/workspace/|/usr/src/app/|/srv/|/code/|/opt/app/|\./)")


def _python(frame: re.Match[str]) -> Location | None:
    path = frame[1]
    if _DEPENDENCY.search(path):
        return None
    path = _ROOTS.sub("", path)
    if path.endswith(".py"):
        path = path.removesuffix(".py").removesuffix("/__init__").strip("/").replace("/", ".")
    return Location(path, frame[3].strip() if frame[3] else None, int(frame[2]))


def _node(frame: re.Match[str]) -> Location | None:
    if _DEPENDENCY.search(frame[2]):
        return None
    return Location(_ROOTS.sub("", frame[2]), frame[1], int(frame[3]))


def _dotnet(frame: re.Match[str]) -> Location | None:
    if _JAVA_DEPENDENCY.match(frame[1]):
        return None
    return Location(_ROOTS.sub("", _SOURCE.sub("", frame[3])), frame[2], int(frame[4]))


def _java(frame: re.Match[str]) -> Location | None:
    # Spring prints a proxy (`$$`) without a line number before the class that it wraps.
    if _JAVA_DEPENDENCY.match(frame[1]) or "$$" in frame[1]:
        return None
    return Location(frame[1], frame[2], int(frame[4]) if frame[4] else None)


def _file(frame: re.Match[str]) -> Location | None:
    path = frame[1]
    if not path or _DEPENDENCY.search(path) or _VENDORED.search(path):
        return None
    return Location(_ROOTS.sub("", path), None, int(frame[2]))


_FRAMES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Location | None]], ...] = (
    (PY_FRAME, _python), (_RUST_FRAME, _file), (_JS_FRAME, _node), (_NET_FRAME, _dotnet),
    (_JAVA_FRAME, _java), (RUBY_FRAME, _file), (RUBY_RAISED, _file), (PHP_FRAME, _file),
    (_ELIXIR_FRAME, _file), (GO_FRAME, _file), (RUST_PANIC, _file),
)  # fmt: skip


def is_frame(line: str) -> bool:
    """Returns whether the line is a frame, or stands for several that were left out."""
    head = line[:MAX_LINE]
    return any(form.match(head) for form, _ in _FRAMES) or _MORE.match(head) is not None


def own_frames(lines: Iterable[str]) -> list[Location]:
    """Returns the frames of the service's own code, in the order of the text."""
    found: list[Location] = []
    for text in lines:
        line = text[:MAX_LINE]
        for form, read in _FRAMES:
            if (frame := form.match(line)) is not None:
                if (location := read(frame)) is not None:
                    found.append(location)
                break
    return found


_PHP_SAYS = re.compile(r" (?:in|at) (/[^\s:'\"()]{1,400}\.php)(?::| on line | line )(\d{1,8})\b")


def named_by(words: str) -> Location | None:
    """Returns the file and line that PHP and Monolog name in the message itself."""
    found = _PHP_SAYS.search(words[:MAX_LINE])
    return _file(found) if found else None


def innermost(lines: Sequence[str]) -> Location | None:
    """Returns the innermost frame of the service's own code."""
    frames = own_frames(lines)
    if not frames:
        return None
    # Python prints the innermost frame last; everyone else prints it first.
    python = any(PY_FRAME.match(line[:MAX_LINE]) for line in lines)
    return frames[-1] if python else frames[0]
