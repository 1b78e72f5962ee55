"""What strangers drop in is read, whatever form it has; the table's own examples first."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from typing import Any

import pytest
import yaml

from bot.adapters.files.formats import FORMATS, format_of
from bot.adapters.files.log_file import LogFile
from bot.adapters.files.prefixes import FORMS, prefix
from bot.core.analysis.reading import MEMBERS
from tests.core.logs import entry, request, said

ENTRIES: list[dict[str, Any]] = [
    entry("cannot listen\non port 80", "ERROR", 1),
    said('a "quoted" word, with a comma', "WARNING", 2),
    request(503, at=3),
]


@pytest.fixture
def read(tmp_path):
    """The entries, the broken ones' count and the notes of a file of these bytes."""

    def read(content: bytes, name: str = "log"):
        path = tmp_path / name
        path.write_bytes(content)
        pages = list(LogFile(str(path)).read(MEMBERS))
        entries = [page.rows.json(i) for page in pages for i in range(len(page.rows))]
        notes = [note for page in pages for note in page.notes]
        return entries, sum(page.broken for page in pages), notes

    return read


def _flat(value: dict[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, part in value.items():
        inner = _flat(part, f"{before}{key}.") if isinstance(part, dict) else {before + key: part}
        found |= inner
    return found


def _csv(entries: list[dict[str, Any]]) -> bytes:
    rows = [_flat(each) for each in entries]
    out = io.StringIO()
    table = csv.DictWriter(out, sorted({name for row in rows for name in row}))
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


def _snake(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in key): (
            part if key == "labels" else _snake(part)
        )
        for key, part in value.items()
    }


def _zip(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._log.json", b"\0")
        archive.writestr("logs/log.json", content)
    return out.getvalue()


LINES = "\n".join(map(json.dumps, ENTRIES)).encode()
PRETTY = json.dumps(ENTRIES, indent=2)
WHOLE = {
    "lines": LINES,
    "array": PRETTY.encode(),
    "byte order mark": b"\xef\xbb\xbf" + PRETTY.encode(),
    "PowerShell": PRETTY.replace("\n", "\r\n").encode("utf-16"),
    "UTF-16, big": b"\xfe\xff" + PRETTY.encode("utf-16-be"),
    "UTF-16 without a mark": LINES.decode().encode("utf-16-le"),
    "UTF-16 without a mark, big": LINES.decode().encode("utf-16-be"),
    "one behind another": "\n".join(json.dumps(e, indent=1) for e in ENTRIES).encode(),
    "response": json.dumps({"entries": ENTRIES, "nextPageToken": "x"}, indent=2).encode(),
    "responses": b"\n".join(json.dumps({"entries": [e]}).encode() for e in ENTRIES),
    "response cut off": json.dumps({"entries": [*ENTRIES, 1]}, indent=2)[:-8].encode(),
    "YAML": "".join("---\n" + yaml.safe_dump(e) for e in ENTRIES).encode(),
    "YAML, a list": yaml.safe_dump(ENTRIES).encode(),
    "CSV": _csv(ENTRIES),
    "snake case": "\n".join(json.dumps(_snake(e)) for e in ENTRIES).encode(),
    "snake case, array": json.dumps([_snake(e) for e in ENTRIES]).encode(),
    "gzip": gzip.compress(LINES),
    "zip": _zip(PRETTY.encode()),
    "zip of a gzip": _zip(gzip.compress(LINES)),
    "gzip of UTF-16": gzip.compress(PRETTY.encode("utf-16")),
}


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_each_format_is_found_by_how_it_begins(form):
    assert format_of(form.example.encode(), "x") is form
    assert format_of(form.spares.encode(), "x") is not form


@pytest.mark.parametrize("name", WHOLE)
def test_the_same_entries_in_every_form(read, name):
    entries, broken, _ = read(WHOLE[name])
    assert broken == 0
    for got, wanted in zip(entries, ENTRIES, strict=True):
        for field in ("insertId", "timestamp", "severity", "textPayload", "resource"):
            assert got.get(field) == wanted.get(field), field
        assert (got.get("jsonPayload") or {}).get("message") == (
            wanted.get("jsonPayload") or {}
        ).get("message")
        http = wanted.get("httpRequest") or {}
        assert (got.get("httpRequest") or {}).get("status") == http.get("status")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_each_prefix_is_taken_off_its_example_only(form):
    found, spared = prefix(form.example), prefix(form.spares)
    assert found.strips
    assert found.resource or found.entry
    assert not spared.resource
    assert not spared.entry


ENVELOPES: dict[str, dict[str, Any]] = {
    "Python's named tuple": {
        "log_name": "projects/p/logs/stderr", "insert_id": "a", "severity": "ERROR",
        "http_request": None, "timestamp": "2026-05-04 10:00:00.123456+00:00",
        "resource": ["cloud_run_revision", {"service_name": "shop"}], "payload": "boom",
    },
    "Go's Entry": {
        "Timestamp": "2026-05-04T10:00:00.123456Z", "Severity": 500, "Payload": "boom",
        "InsertID": "a", "LogName": "projects/p/logs/stderr", "HTTPRequest": None,
        "Resource": {"type": "cloud_run_revision", "labels": {"service_name": "shop"}},
    },
    "Node's Entry": {
        "metadata": {
            "insertId": "a", "severity": "ERROR", "logName": "x",
            "timestamp": {"seconds": 1777888800, "nanos": 123456000},
            "resource": {"type": "cloud_run_revision", "labels": {"service_name": "shop"}},
        },
        "data": "boom",
    },
    "BigQuery": {
        "log_name": "x", "insert_id": "a", "severity": "ERROR", "text_payload": "boom",
        "timestamp": 1777888800123456,
        "resource": {
            "type": "cloud_run_revision",
            "labels": [{"key": "service_name", "value": "shop"}],
        },
    },
}  # fmt: skip


@pytest.mark.parametrize("name", ENVELOPES)
def test_every_clients_envelope_is_understood(read, name):
    [got], broken, _ = read(json.dumps(ENVELOPES[name]).encode())
    assert broken == 0
    assert got["textPayload"] == "boom"
    assert got["insertId"] == "a"
    assert got["severity"] == "ERROR"
    assert got["resource"]["labels"]["service_name"] == "shop"
    assert got["timestamp"].replace(" ", "T")[:26] == "2026-05-04T10:00:00.123456"


@pytest.mark.parametrize(
    "time",
    ["2026-05-04 10:00:00.123456 UTC", 1777888800123456, 1777888800123456000, 1777888800123.456,
     1777888800.123456, "1777888800123456", {"seconds": "1777888800", "nanos": 123456000}],
)  # fmt: skip
def test_times_of_exports(read, tmp_path, time):
    path = tmp_path / "x"
    path.write_text(json.dumps([{"textPayload": "x", "timestamp": time}]))
    [page] = LogFile(str(path)).read(MEMBERS)
    assert abs(int(page.rows.times[0]) - 1_777_888_800_123_456_000) < 1_000


def test_an_envelope_without_a_payload_is_broken(read):
    bare = [{"insertId": str(i), f"payload{i}": "x", "logName": "y"} for i in range(1_000)]
    entries, broken, _ = read("\n".join(map(json.dumps, bare)).encode() + b"\n" + LINES)
    assert (len(entries), broken) == (3, 1_000)
