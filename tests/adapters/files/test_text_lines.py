"""Text of gcloud, kubectl, Docker and compose: what stands before a line, and what is one entry."""

from __future__ import annotations

import pytest

from bot.adapters.files.log_file import LogFile
from bot.core.analysis.reading import MEMBERS
from bot.core.entries.understand import Reader, judged_by_words


@pytest.fixture
def read(tmp_path):
    def read(text: str):
        path = tmp_path / "log.txt"
        path.write_text(text, "utf-8")
        pages = list(LogFile(str(path)).read(MEMBERS))
        assert sum(page.broken for page in pages) == 0
        return [page.rows.json(i) for page in pages for i in range(len(page.rows))]

    return read


def test_gcloud_run_services_logs_read(read):
    got = read(
        "2026-05-04 10:00:00 cannot reach the database\n    at connect (/app/db.js:3:1)\n"
        "second line of it\n"
        "2026-05-04 10:00:01 GET 500 https://shop.example.org/cart?x=1\n"
    )
    assert got[0]["textPayload"].splitlines() == [
        "cannot reach the database", "    at connect (/app/db.js:3:1)", "second line of it",
    ]  # fmt: skip
    assert got[0]["timestamp"] == "2026-05-04 10:00:00"
    assert got[1]["httpRequest"]["status"] == 500
    assert got[1]["httpRequest"]["requestUrl"].startswith("https://shop.example.org/cart")
    assert "textPayload" not in got[1]


def test_a_time_in_the_programs_own_header_stays_with_it(read):
    line = "2026-05-04 10:00:00,123 - app.db - ERROR - refused"
    [got] = read(line + "\n")
    assert (got["textPayload"], got["timestamp"]) == (line, "2026-05-04 10:00:00,123")


def test_kubectl_with_prefix_and_timestamps(read):
    got = read(
        "[pod/shop-7d4b9-x2z/web] 2026-05-04T10:00:00.123456789Z ValueError: bad\n"
        '[pod/shop-7d4b9-x2z/web] 2026-05-04T10:00:01.1Z {"level":"error","msg":"refused"}\n'
    )
    assert got[0]["textPayload"] == "ValueError: bad"
    assert got[0]["timestamp"] == "2026-05-04T10:00:00.123456789Z"
    assert got[0]["resource"]["labels"]["pod_name"] == "shop-7d4b9-x2z"
    assert got[1]["jsonPayload"]["msg"] == "refused"
    assert got[1]["timestamp"] == "2026-05-04T10:00:01.1Z"


def test_tracebacks_of_two_containers_that_print_at_once(read):
    got = read(
        "web-1  | ERROR:root:no basket\n"
        "api-1  | panic: no route\n"
        "web-1  | Traceback (most recent call last):\n"
        "api-1  | \n"
        "api-1  | goroutine 1 [running]:\n"
        'web-1  |   File "/app/shop.py", line 3, in basket\n'
        "web-1  |     raise NoBasket(7)\n"
        "web-1  | shop.NoBasket: 7\n"
        "web-1  | listening again\n"
    )
    web = [e["textPayload"] for e in got if e["resource"]["labels"]["service_name"] == "web"]
    assert [text.splitlines()[-1] for text in web] == ["shop.NoBasket: 7", "listening again"]
    assert web[0].startswith("ERROR:root:no basket\nTraceback")
    [api] = [e for e in got if e["labels"]["instanceId"] == "api-1"]
    assert "goroutine 1" in api["textPayload"]


def test_a_runtime_cuts_lines_and_names_the_stream(read):
    [got] = read(
        "2026-05-04T10:00:00.1Z stderr P half a \n2026-05-04T10:00:00.2Z stderr F line failed\n"
    )
    assert got["textPayload"] == "half a line failed"
    assert got["logName"].endswith("stderr")


def test_docker_files_and_text_between_a_programs_json(read):
    got = read(
        '{"log":"Error: refused\\n","stream":"stderr","time":"2026-05-04T10:00:00.1Z"}\n'
        "> shop@1.0.0 start\n"
        '{"level":50,"time":1777888800123,"msg":"refused"}\n'
    )
    assert got[0]["textPayload"] == "Error: refused"
    assert got[0]["timestamp"] == "2026-05-04T10:00:00.1Z"
    assert got[1]["textPayload"] == "> shop@1.0.0 start"
    assert got[2]["timestamp"] == "2026-05-04T10:00:00.123Z"


def test_two_records_of_one_second_stay_two(read):
    got = read("2026-05-04 10:00:00 first failed\n2026-05-04 10:00:00 second failed\n")
    assert [each["textPayload"] for each in got] == ["first failed", "second failed"]


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        ("Failed to charge card: declined", "ERROR"),
        ("dial tcp 10.1.2.3:5432: connect: connection refused", "ERROR"),
        ("connection refused, retrying in 2 s", "WARNING"),
        ("webpack compiled with 0 errors", "DEFAULT"),
        ("ErrorBoundary mounted", "DEFAULT"),
        ("error_rate=0 requests=12", "DEFAULT"),
        ("npm notice New major version of npm available", "NOTICE"),
        ("INFO: Failed over to the replica", "INFO"),
    ],
)
@pytest.mark.parametrize(
    "before", ["2026-05-04 10:00:00 ", "2026-05-04T10:00:00.123456789Z ", "web-1  | ", ""]
)
def test_a_line_of_an_unknown_stream_is_judged_by_its_words(read, before, words, severity):
    [got, _] = read(f"{before}{words}\n2026-05-04 10:00:01 INFO: ready\n")
    assert Reader().read(got).severity.name == severity
    said = judged_by_words(got)
    assert ("stdout or stderr: unknown" in said) == (severity in ("ERROR", "WARNING"))


def test_a_line_of_stdout_is_not_judged_by_its_words(read):
    [out, err] = read(
        "2026-05-04T10:00:00.1Z stdout F Failed to charge card\n"
        "2026-05-04T10:00:00.2Z stderr F Failed to charge card\n"
    )
    assert Reader().read(out).severity.name == "DEFAULT"
    assert Reader().read(err).severity.name == "ERROR"
    assert "came on stderr" in judged_by_words(err)
