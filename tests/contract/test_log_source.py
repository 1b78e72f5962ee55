"""The `LogSource` port on both its adapters, and what each of them must survive."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.files.log_file import LogFile
from bot.adapters.google.cloud_logging import CloudLogging
from bot.adapters.google.log_filter import log_filter
from bot.core.analysis.reading import read_all
from bot.core.model import rfc3339
from bot.core.model.environment import Query, QueryPart
from bot.core.model.errors import InputError, Refused, Unavailable
from bot.core.model.report import Event, Traffic
from bot.core.model.values import DAY, HOUR, SECOND, Severity, Window
from bot.core.ports import LogSource, Page
from playground.logging.server import ListFault, LogServer
from tests.core.logs import (
    START,
    Entry,
    entry,
    request,
    said,
)

WINDOW = Window(START - DAY, START + DAY)
QUERY = Query("staging", "netra-staging", ("netra-backend-staging",), WINDOW, Severity.WARNING)
Make = Callable[[list[dict[str, Any]]], LogSource]


def _entries(page: Page) -> list[Any]:
    return [page.rows.json(i) for i in range(len(page.rows))]


def _waits(_seconds: float) -> None:
    """Time passes at once."""


@pytest.fixture
def server() -> Iterator[LogServer]:
    with LogServer() as running:
        yield running


@pytest.fixture(params=["file", "array", "cloud logging"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Builds each adapter over the same entries."""
    if request.param == "cloud logging":
        with LogServer() as running:

            def over_grpc(entries: list[dict[str, Any]]) -> LogSource:
                running.add(entries)
                return CloudLogging(running.endpoint, wait=_waits)

            yield over_grpc
        return

    def over_file(entries: list[dict[str, Any]]) -> LogSource:
        path = tmp_path / "entries.json"
        if request.param == "array":
            path.write_text(json.dumps(entries, indent=2), "utf-8")
        else:
            path.write_text("\n".join(map(json.dumps, entries)), "utf-8")
        return LogFile(str(path))

    yield over_file


class TestLogSource:
    def test_gives_every_entry_once_and_whole(self, make: Make) -> None:
        entries = [said(f"message {i}", "ERROR", i / 7) for i in range(2_500)]
        found = [e for page in make(entries).read(QUERY) for e in _entries(page)]
        assert {e["insertId"]: e["jsonPayload"] for e in found} == {
            e["insertId"]: e["jsonPayload"] for e in entries
        }
        assert {e["timestamp"] for e in found} == {e["timestamp"] for e in entries}

    def test_ends_at_the_whole_share(self, make: Make) -> None:
        pages = list(make([said("x", at=i) for i in range(1_500)]).read(QUERY))
        assert pages[-1].share == 1.0
        assert [p.share for p in pages] == sorted(p.share for p in pages)
        assert sum(p.broken for p in pages) == 0

    def test_keeps_every_payload_kind(self, make: Make, cloud_run: list[Entry]) -> None:
        entries = [e for e in cloud_run if "errorGroups" not in e]
        now = rfc3339.parse("2025-09-16T01:00:00Z") or 0
        everything = Query("s", "netra-staging", (), Window(now - 30 * DAY, now), Severity.DEFAULT)
        found = [e for page in make(entries).read(everything) for e in _entries(page)]
        assert {e["insertId"]: e for e in found} == {e["insertId"]: e for e in entries}

    def test_says_which_commit_a_revision_runs_where_a_label_does(self, make: Make) -> None:
        entries = [said(f"message {i}", "ERROR", i, revision=f"r-{i % 2}") for i in range(4)]
        for each in entries[1::2]:
            each["labels"] = {**each["labels"], "commit-sha": "3f786850e387550f"}
        entries.append(said("no commit", revision="r-2"))
        entries[-1]["labels"] = {**entries[-1]["labels"], "commit-sha": "main"}
        assert read_all(make(entries), QUERY).commits == {"r-1": "3f786850e387550f"}


# --- files ---------------------------------------------------------------------------------------


def _read(path: Path) -> tuple[list[Any], int]:
    pages: list[Page] = list(LogFile(str(path)).read(QUERY))
    return [e for p in pages for e in _entries(p)], sum(p.broken for p in pages)


def test_a_file_that_is_cut_off_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    whole = json.dumps([said(f"m{i}") for i in range(3)], indent=2)
    path.write_text(whole[: whole.rindex('"message"')], "utf-8")
    entries, broken = _read(path)
    assert ([e["jsonPayload"]["message"] for e in entries], broken) == (["m0", "m1"], 1)
    lines = tmp_path / "cut.jsonl"
    lines.write_text("\n".join(json.dumps(said(f"m{i}")) for i in range(3))[:-10], "utf-8")
    assert [len(x) if isinstance(x, list) else x for x in _read(lines)] == [2, 1]


def test_broken_lines_are_counted_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    good = json.dumps(said("fine")).encode()
    path.write_bytes(
        b"\xef\xbb\xbf\n" + good + b"\nno json\n[1, 2]\n\n17\nnull\n"
        + good.replace(b"fine", b"\xff\xfe odd bytes") + b"\n{}\n" + b'{"a": ' * 5_000 + b"\n"
    )  # fmt: skip
    entries, broken = _read(path)
    assert (len(entries), broken) == (2, 6)
    assert "\ufffd" in entries[1]["jsonPayload"]["message"]


def test_objects_spread_over_lines_one_behind_another(tmp_path: Path) -> None:
    path = tmp_path / "pretty.json"
    path.write_text("\n".join(json.dumps(said(f"m{i}"), indent=2) for i in range(3)), "utf-8")
    assert len(_read(path)[0]) == 3


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "entries.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(said("x")).encode()))
    assert len(_read(path)[0]) == 1


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_pipe_is_read_as_a_file_is(packed: Callable[[bytes], bytes]) -> None:
    readable, writable = os.pipe()
    with os.fdopen(writable, "wb") as out:
        out.write(packed(json.dumps(said("x")).encode()))
    try:
        assert len(_read(Path(f"/dev/fd/{readable}"))[0]) == 1
    finally:
        os.close(readable)


def test_lines_without_an_insert_id_are_named_by_their_number(tmp_path: Path) -> None:
    path = tmp_path / "bare.jsonl"
    path.write_text('{"textPayload": "a"}\n\nbroken\n{"textPayload": "b"}\n', "utf-8")
    names = [name for page in LogFile(str(path)).read(QUERY) for name in page.rows.names]
    assert names == [b"line:1", b"line:4"]


def test_a_programs_own_json_lines_are_read_as_payloads(tmp_path: Path) -> None:
    path = tmp_path / "app.jsonl"
    path.write_text(
        '{"msg": "cannot connect", "level": "error", "time": "2025-09-14T03:00:00Z"}\n'
        '{"message": "slow", "severity": "WARNING"}\n{"neither": 1}\n',
        "utf-8",
    )
    entries, broken = _read(path)
    assert broken == 1
    assert entries[0]["timestamp"] == "2025-09-14T03:00:00Z"
    assert entries[0]["jsonPayload"]["msg"] == "cannot connect"
    assert entries[1]["severity"] == "WARNING"


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"[]"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty"
    path.write_bytes(content)
    with pytest.raises(InputError, match="empty"):
        list(LogFile(str(path)).read(QUERY))


def test_a_file_that_is_not_there_or_a_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        list(LogFile(str(tmp_path / "none")).read(QUERY))
    with pytest.raises(InputError, match="folder"):
        list(LogFile(str(tmp_path)).read(QUERY))


# --- Cloud Logging -------------------------------------------------------------------------------


def _pages(server: LogServer, query: Query = QUERY) -> list[Page]:
    return list(CloudLogging(server.endpoint, wait=_waits).read(query))


def _count(pages: list[Page]) -> int:
    return sum(len(_entries(p)) for p in pages)


def test_asks_for_the_window_the_service_and_entries_without_severity(server: LogServer) -> None:
    server.add([
        said("in", "WARNING", 0), entry("no severity", None, 1), said("below", "INFO", 2),
        said("end is outside", "ERROR", 86_400), said("begin is inside", "ERROR", -86_400),
        said("other service", "ERROR", 3, service="other"),
    ])  # fmt: skip
    assert _count(_pages(server)) == 3
    assert "severity=DEFAULT" in server.calls[0].filter
    assert server.calls[0].page_size == 1_000


def test_parts_of_a_window_are_one_query_some_of_them_for_late_arrivals(server: LogServer) -> None:
    def received(after: float, at: float) -> dict[str, Any]:
        late = rfc3339.show(START + round((at + after) * SECOND))
        return {**said(f"at {at} after {after}", "ERROR", at), "receiveTimestamp": late}

    server.add([
        received(1, 10), received(5_000, 20), received(1, 3_700), received(1, 7_300),
        received(9_000, 3_800),
    ])  # fmt: skip
    parts = (
        QueryPart(Window(START, START + HOUR), START + HOUR),
        QueryPart(Window(START + 2 * HOUR, START + 3 * HOUR)),
    )
    pages = _pages(server, replace(QUERY, parts=parts))
    assert {e["jsonPayload"]["message"] for page in pages for e in _entries(page)} == {
        "at 20 after 5000",
        "at 7300 after 1",
    }
    assert len(server.calls) == 1


def test_names_in_the_filter_cannot_break_out() -> None:
    odd = Query("s", "p", ('x") OR severity>="DEBUG',), WINDOW)
    assert '\\"' in log_filter(odd)


def test_an_empty_page_with_a_token_is_not_the_end(server: LogServer) -> None:
    server.add([said("x", at=i) for i in range(3)])
    server.inject(ListFault("empty_page"))
    assert _count(_pages(server)) == 3


def test_a_page_over_four_mebibytes_is_read(server: LogServer) -> None:
    server.add([said("x")])
    server.inject(ListFault("big", size=6 * 1024 * 1024))
    assert _count(_pages(server)) == 1


@pytest.mark.parametrize("status", ["UNAVAILABLE", "ABORTED", "RESOURCE_EXHAUSTED", "INTERNAL"])
def test_what_passes_is_tried_again_and_every_call_is_counted(
    server: LogServer, status: str
) -> None:
    server.add([said("x", at=i) for i in range(3)])
    server.fail(status, times=2)
    pages = _pages(server)
    assert _count(pages) == 3
    assert sum(p.api_calls for p in pages) == len(server.calls) == 3


def test_what_cannot_be_read_is_named_and_the_rest_kept(server: LogServer) -> None:
    server.add([said("x", at=i) for i in range(1_500)])
    source = CloudLogging(server.endpoint, wait=_waits)
    pages = []
    for page in source.read(QUERY):
        pages.append(page)
        if len(pages) == 1:
            server.fail("UNAVAILABLE", times=100)
    assert _count(pages) == 1_000
    (missing,) = pages[-1].missing
    assert missing.start == WINDOW.start
    assert rfc3339.show(missing.end).startswith("2025-09-14T03:08:20")
    assert "does not answer" in pages[-1].notes[0]


def test_an_outage_from_the_beginning_is_an_error(server: LogServer) -> None:
    server.fail("UNAVAILABLE", times=100)
    with pytest.raises(Unavailable, match="does not answer"):
        _pages(server)


def test_a_refusal_is_told_with_its_mend_and_never_retried(server: LogServer) -> None:
    server.denied.add("netra-staging")
    with pytest.raises(Refused, match=r"lacks Logs Viewer.*add-iam-policy-binding netra-staging"):
        _pages(server)
    assert len(server.calls) == 1


def test_stopping_while_it_waits(server: LogServer) -> None:
    server.fail("RESOURCE_EXHAUSTED", times=100)
    waited: list[float] = []
    pages = CloudLogging(server.endpoint, wait=waited.append).read(QUERY)
    for _ in range(4):
        assert _entries(next(pages)) == []
    pages.close()  # type: ignore[attr-defined]
    assert max(waited) <= 1.0


# --- requests and deploys --------------------------------------------------------------------------


def _requests(count: int, every: float) -> list[dict[str, Any]]:
    return [request(200, at=i * every) for i in range(count)]


def test_requests_are_counted_by_revision_and_hour(server: LogServer) -> None:
    server.add([*_requests(7, 1_000.0), said("no request"), request(200, at=5 * 86_400)])
    found = CloudLogging(server.endpoint).read_traffic(QUERY)
    revision, hour = "netra-backend-staging-00598-qss", START // HOUR
    assert found == Traffic(((revision, hour, 4), (revision, hour + 1, 3)), WINDOW.start)


def test_over_the_budget_the_newest_requests_are_counted_and_that_is_said(
    server: LogServer,
) -> None:
    server.add(_requests(6_000, 1.0))
    found = CloudLogging(server.endpoint).read_traffic(QUERY)
    assert found is not None
    assert (found.requests, found.sampled) == (5_000, True)
    assert found.since == START + 1_000 * SECOND


def test_no_requests_is_known_and_no_answer_is_not(server: LogServer) -> None:
    assert CloudLogging(server.endpoint).read_traffic(QUERY) == Traffic((), WINDOW.start)
    server.fail("PERMISSION_DENIED", times=2)
    assert CloudLogging(server.endpoint).read_traffic(QUERY) is None
    assert CloudLogging(server.endpoint).read_events(QUERY) == ()


def test_traffic_waits_for_no_call(server: LogServer) -> None:
    class Empty:
        def take(self, project: str) -> float:
            return 60.0

    logs = CloudLogging(server.endpoint, budget=Empty(), wait=lambda _: pytest.fail("it waited"))
    assert logs.read_traffic(QUERY) is None
    assert logs.read_events(QUERY) == ()


def test_deploys_and_deletions_are_read_from_the_audit_log(server: LogServer) -> None:
    def audit(method: str, at: float, **more: Any) -> dict[str, Any]:
        payload = {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "methodName": f"google.cloud.run.v1.Services.{method}",
            "resourceName": "namespaces/netra-staging/services/netra-backend-staging",
            **more,
        }
        made = entry(None, "NOTICE", at, protoPayload=payload, revision="")
        return {
            **made,
            "logName": "projects/netra-staging/logs/cloudaudit.googleapis.com%2Factivity",
        }

    refused = {"status": {"code": 7, "message": "denied"}}
    server.add(
        [
            audit("ReplaceService", 5.0),
            audit("DeleteService", 9.0),
            audit("DeleteService", 7.0, **refused),
            audit("SetIamPolicy", 8.0),
            said("no audit"),
        ]
    )
    service = "netra-backend-staging"
    assert sorted(CloudLogging(server.endpoint).read_events(QUERY), key=lambda e: e.at) == [
        Event("deploy", service, START + 5 * SECOND),
        Event("delete", service, START + 9 * SECOND),
    ]
