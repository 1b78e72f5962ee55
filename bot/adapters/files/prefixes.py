"""What gcloud, kubectl, Docker and others put before each line of a program: one table."""

from __future__ import annotations

import re

from bot.adapters.files import syslog
from bot.adapters.files.line_prefix import LinePrefix, Prefix, container
from bot.core.entries.request_log import REQUEST_LOG
from bot.core.model import rfc3339
from bot.core.model.values import Severity
from bot.core.text import access_lines
from bot.core.text.level_headers import header
from bot.core.text.level_names import LETTERS, NAMES

_DAY, _TIME = r"\d{4}[-/]\d\d[-/]\d\d", r"\d\d:\d\d:\d\d"
_STAMP = re.compile(
    rf"\[?({_DAY}[T ]{_TIME}(?:[.,]\d{{1,9}})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)\]?(?:[ \t]{{1,4}}|$)"
)
_COMMON_LOG = re.compile(rf"\[(\d\d)/([A-Z][a-z]{{2}})/(\d{{4}}):({_TIME}) ([+-]\d{{4}})\]")
_METHODS = r"GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"


def _pod(prefix: Prefix, match: re.Match[str]) -> None:
    container(prefix, match[2], match[1])
    prefix.resource["resource"] = {
        "type": "k8s_container",
        "labels": {"service_name": match[2], "pod_name": match[1], "container_name": match[2]},
    }


def _compose(prefix: Prefix, match: re.Match[str]) -> None:
    container(prefix, re.sub(r"[-_]\d{1,4}$", "", match[1]), match[1])


def _runtime(prefix: Prefix, match: re.Match[str]) -> None:
    prefix.resource["logName"] = f"logs/{match[1]}"
    prefix.partial = match[2] == "P"


def _app_engine(prefix: Prefix, match: re.Match[str]) -> None:
    labels = {"service_name": match[1], "revision_name": match[2]}
    prefix.resource["resource"] = {"type": "gae_app", "labels": labels}


def _function(prefix: Prefix, match: re.Match[str]) -> None:
    level, name, execution, prefix.time = match.groups()
    if level:
        named = LETTERS.get(level, level)
        prefix.resource["severity"] = NAMES.get(named, Severity.DEFAULT).name
    prefix.resource["resource"] = {"type": "cloud_function", "labels": {"function_name": name}}
    if execution:
        prefix.resource["labels"] = {"execution_id": execution}


def _request(prefix: Prefix, match: re.Match[str]) -> None:
    http = {"requestMethod": match[1], "status": int(match[2]), "requestUrl": match[3]}
    prefix.entry = {"httpRequest": http, "logName": "logs/" + REQUEST_LOG.replace("/", "%2F")}


FORMS: tuple[LinePrefix, ...] = (
    LinePrefix(
        "kubectl logs --prefix",
        re.compile(r"\[pod/([\w.-]{1,253})/([\w.-]{1,63})\] ?"),
        "[pod/shop-7d4b9-x2z/web] listening",
        "[pod] listening",
        _pod,
    ),
    LinePrefix(
        "docker compose logs",
        re.compile(r"([a-z0-9][\w.-]{0,100}?[-_]\d{1,4}) {0,60}\| ?"),
        "web-1  | listening",
        "a | b",
        _compose,
    ),
    LinePrefix(
        "gcloud functions logs read",
        re.compile(
            r" {0,10}(?:([A-Z]|[A-Z]{4,9}) {2,9})?([a-zA-Z][\w-]{0,62}) {1,64}"
            r"(?:([\w-]{6,40}) {1,40})?"
            rf"({_DAY} {_TIME}(?:\.\d{{1,9}})?)(?: {{2,30}}|$)"
        ),
        "E      resize  k3v9w1q8zz01  2026-05-04 10:00:00.123  cannot listen",
        "started shop at 2026-05-04 10:00:00 and listens",
        _function,
    ),
    *syslog.FORMS,
    LinePrefix(
        "a container's runtime (CRI)",
        re.compile(r"(stdout|stderr) ([FP]) "),
        "2026-05-04T10:00:00.123456789Z stderr F cannot listen",
        "2026-05-04T10:00:00.123456789Z stderr is closed",
        _runtime,
        after_time=True,
    ),
    LinePrefix(
        "gcloud run services logs read, a request",
        re.compile(rf"({_METHODS}) (\d{{3}}) (https?://\S{{1,4000}})\s*$"),
        "2026-05-04 10:00:01 GET 500 https://shop.example.org/cart",
        "2026-05-04 10:00:01 GET /cart failed",
        _request,
        after_time=True,
    ),
    LinePrefix(
        "gcloud app logs read",
        re.compile(r"([a-z][\w-]{0,62})\[([\w-]{1,63})\] {2}(?=\S)"),
        "2026-05-04 10:00:00 default[20260504t100000]  listening",
        "2026-05-04 10:00:00 worker[1] done",
        _app_engine,
        after_time=True,
    ),
)


def prefix(line: str) -> Prefix:
    """Parses what stands before the message in a line; of no length if there is nothing."""
    found = Prefix()
    for form in FORMS:
        if not form.after_time and (match := form.pattern.match(line)):
            found.length = match.end()
            found.strips = True
            form.put(found, match)
            break
    _put_time(found, line)
    return found


def _put_time(found: Prefix, line: str) -> None:
    rest = line[found.length :]
    match = _STAMP.match(rest)
    if match is None:
        found.own_header = header(rest).severity > 0
        clock = _COMMON_LOG.search(rest[:200]) if "[" in rest[:200] else None
        if clock is not None and access_lines.from_text(rest) is not None:
            day, month, year, at, zone = clock.groups()
            found.time = _valid(f"{year}-{syslog.MONTHS.get(month, 0):02d}-{day}T{at}{zone}")
            found.length = found.length or 1
            found.own_header = True
        return
    time = _valid(match[1].replace("/", "-"))
    if time is None:
        return
    found.time = time
    if header(rest).severity > 0 or rest[0] == "[" or "/" in match[1]:
        found.own_header = True
        # The time is a part of the program's own header, which is read with the text.
        found.length, found.strips = (found.length, True) if found.strips else (1, False)
        return
    found.length += match.end()
    found.strips = True
    for form in FORMS:
        if form.after_time and (inner := form.pattern.match(line, found.length)):
            form.put(found, inner)
            found.length = inner.end()
            break


def _valid(time: str) -> str | None:
    return time if rfc3339.parse(time) is not None else None
