"""Levels that loggers write: in text, by every row's lines; in JSON, by whose scale it is."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.entries.understand import Reader, message
from bot.core.model.values import Severity
from bot.core.text.json_levels import SCALES, Scale, of_payload
from bot.core.text.level_form import HeaderForm
from bot.core.text.level_forms import FORMS
from bot.core.text.level_headers import header
from tests.core.logs import entry, report

LINES = [(who, line) for form in FORMS for who, line in ((form.name, form.example), *form.also)]


@pytest.mark.parametrize(("who", "line"), LINES, ids=[who for who, _ in LINES])
def test_a_logger_s_line_has_a_level(who: str, line: str) -> None:
    assert header(line).severity or "silent" in who
    assert line[header(line).length :].strip()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_row_leaves_its_counter_alone(form: HeaderForm) -> None:
    assert not form.pattern.match(form.counter)


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
def test_a_scale_reads_its_example(scale: Scale) -> None:
    assert of_payload(scale.example) is Severity.ERROR
    assert of_payload(scale.counter) is not Severity.ERROR


@pytest.mark.parametrize(("payload", "severity", "words"), [
    ({"level": 100, "level_name": "DEBUG", "channel": "e", "message": "m"}, "DEBUG", "m"),
    ({"level": 40, "time": 1, "pid": 1, "hostname": "h", "msg": "m"}, "WARNING", "m"),
    ({"L": "ERROR", "T": "t", "M": "cannot save", "error": "EOF"}, "ERROR", "cannot save: EOF"),
    ({"level": "ERROR+2", "msg": "m"}, "ERROR", "m"),
    ({"level": "error", "err": {"message": "refused"}}, "ERROR", "refused"),
    ({"@l": "Error", "@mt": "Refund {Id} failed", "Id": 12}, "ERROR", "Refund 12 failed"),
    ({"log.level": "ERROR", "message": "m"}, "ERROR", "m"),
    ({"log": {"level": "error"}, "message": "m"}, "ERROR", "m"),
    ({"severityText": "Error", "body": {"stringValue": "m"}}, "ERROR", "m"),
    ({"level": "WARN", "fields": {"message": "m"}, "target": "shop"}, "WARNING", "m"),
    ({"LogLevel": "Critical", "Message": "m", "Category": "c"}, "CRITICAL", "m"),
    ({"PRIORITY": "3", "MESSAGE": "m"}, "ERROR", "m"),
    ({"version": "1.1", "host": "h", "short_message": "m", "level": 4}, "WARNING", "m"),
    ({"level": "\x1b[31merror\x1b[39m", "message": "m"}, "ERROR", "m"),
    ({"levelname": "warning", "message": "m"}, "WARNING", "m"),
    ({"method": "POST", "path": "/orders", "status": 500, "error": "KeyError: id"}, "ERROR",
     "POST /orders 500: KeyError: id"),
    ({"level": 42, "player": "Ann", "message": "won"}, "DEFAULT", None),
    ({"s": "E", "c": "NETWORK", "msg": "m"}, "ERROR", "m"),
    ({"@level": "error", "@message": "m", "@module": "x"}, "ERROR", "m"),
])  # fmt: skip
def test_json_levels_and_messages(
    payload: dict[str, Any], severity: str, words: str | None
) -> None:
    raw = entry(log="stdout", jsonPayload=payload)
    if words is not None:
        assert Reader().read(raw).severity is Severity[severity]
        assert message(raw) == words
    # Structs of Cloud Logging hold numbers as floats.
    floats = {k: float(v) if isinstance(v, int) else v for k, v in payload.items()}
    assert of_payload(floats) is of_payload(payload)


def test_a_header_line_and_its_traceback_are_one_event() -> None:
    lines = (
        "ERROR:shop:could not save order 4",
        "Traceback (most recent call last):",
        '  File "/app/shop/store.py", line 71, in save',
        "    doc.set(data)",
        "google.api_core.exceptions.Forbidden: 403 no access",
    )
    made = report([entry(line, at=i / 1_000) for i, line in enumerate(lines)])
    (cluster,) = made.clusters
    assert (cluster.count, cluster.occurrences) == (5, 1)
    assert "could not save order 4" in cluster.title
    assert "Forbidden: 403" in cluster.title


@pytest.mark.parametrize(("lines", "title"), [
    (("fail: Shop.Api.Orders[13]", "      Order 4711 could not be stored"), "^?Order"),
    (("May 04, 2026 10:00:00 AM com.example.App run", "SEVERE: cannot start"), "cannot start"),
    (("thread 'main' panicked at src/main.rs:10:5:", "error: no port"), "no port"),
    (("PHP Fatal error:  Uncaught PDOException: refused in /app/db.php:3", "Stack trace:",
      "#0 /app/index.php(10): connect()", "#1 {main}", "  thrown in /app/db.php on line 3"),
     "PDOException"),
    (("2026/05/04 10:00:00 http: panic serving 10.0.0.1:32: index out of range",
      "goroutine 9 [running]:", "main.handle(...)", "\t/app/main.go:10 +0x1d"), "out of range"),
])  # fmt: skip
def test_a_record_of_several_lines_is_one_event(lines: tuple[str, ...], title: str) -> None:
    made = report([entry(line, at=i / 1_000) for i, line in enumerate(lines)])
    (cluster,) = made.clusters
    assert (cluster.count, cluster.occurrences) == (len(lines), 1)
    assert title.removeprefix("^?") in cluster.title


def test_a_traceback_with_literal_line_breaks_is_one() -> None:
    text = (
        'boom Traceback (most recent call last):\\n  File \\"/app/a.py\\", line 3, in run\\n'
        "    go()\\n__main__.Refused: no seats"
    )
    (cluster,) = report([entry(text)]).clusters
    assert "Refused: no seats" in cluster.title
    assert cluster.location is not None
    assert cluster.location.line == 3
