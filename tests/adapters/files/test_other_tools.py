"""Logs of other tools: syslog, the journal, gcloud functions, OpenTelemetry, Docker, BigQuery."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.adapters.files.log_file import LogFile
from bot.core.analysis.reading import MEMBERS
from bot.core.entries.understand import Reader, message


@pytest.fixture
def read(tmp_path):
    def read(text: str) -> list[tuple[str, str, str, str]]:
        """Each entry's severity, service, time and message."""
        path = tmp_path / "log"
        path.write_text(text, "utf-8")
        pages = list(LogFile(str(path)).read(MEMBERS))
        assert sum(page.broken for page in pages) == 0
        found = []
        for page in pages:
            for i in range(len(page.rows)):
                raw: Any = page.rows.json(i)
                severity = Reader().read(raw).severity.name
                time = str(raw.get("timestamp"))
                found.append((severity, page.rows.origin(i).place.service, time, message(raw)))
        return found

    return read


def test_gcloud_functions_logs_read(read):
    got = read(
        "LEVEL  NAME    EXECUTION_ID  TIME_UTC                 LOG\n"
        "E      resize  k3v9w1q8zz01  2026-05-04 10:00:00.500  Traceback (most recent call last):\n"
        '  File "/workspace/main.py", line 12, in resize\n'
        '    raise ValueError("no image")\n'
        "ValueError: no image\n"
        "       resize  k3v9w1q8zz02  2026-05-04 10:00:01.500  Failed to load the model\n"
        "WARNING  resize                2026-05-04 10:00:02.500  slow disk\n"
    )
    assert [one[:3] for one in got] == [
        ("ERROR", "resize", "2026-05-04 10:00:00.500"),
        ("ERROR", "resize", "2026-05-04 10:00:01.500"),
        ("WARNING", "resize", "2026-05-04 10:00:02.500"),
    ]
    assert got[0][3].endswith("\nValueError: no image")


def test_syslog_of_both_kinds(read):
    got = read(
        "May  4 10:00:00 web1 shop[812]: listening on 8080\n"
        "<27>May  4 10:00:01 web1 shop[812]: refused by the database\n"
        '<28>1 2026-05-04T10:00:02Z web1 shop 812 ID47 [ex@32473 iut="3"] slow disk\n'
        "2026-05-04T10:00:03.123456+00:00 web1 shop[812]: Error: cannot reach the database\n"
        "2026-05-04T10:00:03.123456+00:00 web1 shop[812]:     at connect (/app/db.js:3:1)\n"
    )
    assert [(severity, text.split("\n")[0]) for severity, _, _, text in got] == [
        ("DEFAULT", "listening on 8080"),
        ("ERROR", "refused by the database"),
        ("WARNING", "slow disk"),
        ("ERROR", "Error: cannot reach the database"),
    ]
    assert {service for _, service, _, _ in got} == {"shop"}
    assert got[0][2].endswith("-05-04T10:00:00Z")


def test_a_day_that_no_year_has_is_no_time(read):
    [(_, _, time, text)] = read("Feb 31 10:00:00 web1 shop[812]: it failed\n")
    assert (time, text) == ("None", "it failed")


def test_the_journal_as_json(read):
    entry = {"PRIORITY": "6", "_TRANSPORT": "stdout", "__REALTIME_TIMESTAMP": "1777888800123456",
             "_HOSTNAME": "web1", "SYSLOG_IDENTIFIER": "shop"}  # fmt: skip
    coloured = list(b"\x1b[31mFailed to pay\x1b[0m")
    lines = [
        {**entry, "MESSAGE": "listening"},
        {**entry, "MESSAGE": coloured},
        {**entry, "MESSAGE": "disk is full", "PRIORITY": "3", "_TRANSPORT": "syslog"},
    ]
    got = read("\n".join(map(json.dumps, lines)) + "\n")
    assert [one[:3] for one in got] == [
        ("DEFAULT", "shop", "2026-05-04T10:00:00.123456Z"),
        ("ERROR", "shop", "2026-05-04T10:00:00.123456Z"),
        ("ERROR", "shop", "2026-05-04T10:00:00.123456Z"),
    ]


def _records(*records: dict[str, Any]) -> dict[str, Any]:
    about = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return {"resourceLogs": [{"resource": about, "scopeLogs": [{"logRecords": list(records)}]}]}


@pytest.mark.parametrize("indent", [None, 1])
def test_a_batch_of_opentelemetry_is_as_many_entries(read, indent):
    trace = 'Traceback (most recent call last):\n  File "/app/m.py", line 3, in pay\nValueError: no'
    stack = {"key": "exception.stacktrace", "value": {"stringValue": trace}}
    at = {"timeUnixNano": "1777888800123456789"}
    refused = {"severityNumber": 17, "body": {"stringValue": "refused"}, "attributes": [stack]}
    batches = [
        _records({**at, **refused}, {**at, "severityText": "Warn", "body": {"stringValue": "ok"}}),
        _records({**at, "severityNumber": 9, "body": {"stringValue": "again"}}),
    ]
    got = read("\n".join(json.dumps(batch, indent=indent) for batch in batches) + "\n")
    assert [one[0] for one in got] == ["ERROR", "WARNING", "INFO"]
    assert got[0][3] == f"refused\n{trace}"
    assert {one[1:3] for one in got} == {("shop", "2026-05-04T10:00:00.123456789Z")}


def test_docker_files_whose_program_writes_json(read):
    inner = json.dumps({"level": 50, "time": 1777888800123, "msg": "db gone"})
    got = read(
        json.dumps({"log": "cannot open\n", "stream": "stderr", "time": "2026-05-04T10:00:00Z"})
        + "\n"
        + json.dumps({"log": inner + "\n", "stream": "stdout", "time": "2026-05-04T10:00:00Z"})
        + "\n"
    )
    assert [(one[0], one[3]) for one in got] == [("ERROR", "cannot open"), ("ERROR", "db gone")]


@pytest.mark.parametrize("time", ["1.777888800123456E9", "1777888800123456", "1777888800.123456"])
def test_bigquerys_times_in_texts(tmp_path, time):
    path = tmp_path / "log"
    path.write_text(json.dumps({"textPayload": "x", "insertId": "a", "timestamp": time}) + "\n")
    [page] = LogFile(str(path)).read(MEMBERS)
    assert abs(int(page.rows.times[0]) - 1_777_888_800_123_456_000) < 1_000
