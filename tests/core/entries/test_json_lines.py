"""Lines of JSON in columns: the same as their objects would be, whatever stands in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.files.log_file import LogFile
from bot.core.analysis.reading import EVERYTHING, read_all
from bot.core.clusters.clusters import clusters
from bot.core.entries.json_lines import of_lines
from bot.core.entries.json_rows import of_json
from bot.core.entries.rows import Rows
from bot.core.model.environment import Query
from bot.core.model.values import Severity
from tests.core.logs import entry, request, said

ENTRIES = [
    entry("took 31 ms", "ERROR"),
    entry("grüße \U0001f511", "WARNING"),
    entry("no level"),
    entry("a level in lower case", "warn"),
    said("pool exhausted", "ERROR"),
    entry(None, "DEFAULT", jsonPayload={"message": "its own level", "level": "error"}),
    entry(None, None, jsonPayload={"message": "pino", "level": 50}),
    entry(None, "ERROR", jsonPayload={"message": "beside it", "error": "gone"}),
    request(503),
    entry(None, "NOTICE", protoPayload={"methodName": "x"}),
    entry("with a commit", "INFO", labels={"instanceId": "i", "commit-sha": "3f786850e387550f"}),
    {"textPayload": "nothing else"},
    {"textPayload": None, "jsonPayload": ["no", "object"], "severity": "ERROR"},
    {"httpRequest": 7, "textPayload": "odd"},
    {"textPayload": "odd names", "insertId": 5, "logName": ["x"], "labels": 3, "resource": "r"},
]


def _columns(rows: Rows) -> Any:
    return [
        (rows.keys[i], rows.names[i], bool(rows.has_insert_id[i]), rows.time(i), rows.origin(i))
        for i in range(len(rows))
    ]


def test_lines_say_what_their_objects_say() -> None:
    lines = [json.dumps(one).encode() for one in ENTRIES]
    rows, odd = of_lines(lines, 0)
    assert odd == [14]  # left to what takes whatever may be there
    assert _columns(rows) == _columns(of_json(ENTRIES[:14], range(1, 15)))
    assert [rows.json(i) for i in range(14)] == ENTRIES[:14]


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"7", b"{", b'{"message": "a program\'s own"}', b'{"textPayload": null}',
     b'{"textPayload": "\xff"}', b'{"textPayload": "x", "other": "\xff"}', b'{"textPayload": "\\ud800"}',
     b'{"textPayload": "x", "deep": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"],
)  # fmt: skip
def test_what_is_odd_is_named_and_the_others_are_read(line: bytes) -> None:
    rows, odd = of_lines([b'{"textPayload": "a"}', line, b'{"textPayload": "b"}'], 10)
    assert odd == [1]
    assert rows.names == [b"line:11", b"line:13"]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(ENTRIES) - 1), st.data())
def test_a_changed_byte_changes_both_alike(which: int, data: st.DataObject) -> None:
    line = bytearray(json.dumps(ENTRIES[which], ensure_ascii=False).encode())
    at = data.draw(st.integers(0, len(line) - 1))
    line[at : at + 1] = data.draw(st.sampled_from([b"", b"\\", b'"', b"\xff", b"{", b"1"]))
    rows, odd = of_lines([bytes(line)], 0)
    if not odd:
        assert _columns(rows) == _columns(of_json([json.loads(bytes(line))], [1]))


def test_a_digit_of_an_escape_decides_which_letter_it_is() -> None:
    said_so = [
        ("pago est\u00e1 listo", "pago est\u00e9 listo"),
        ("\u4f59\u989d\u4e00", "\u4f59\u989d\u4e01"),
    ]
    for one, other in said_so:
        entries = [said(one, "ERROR"), said(other, "ERROR"), said(one, "ERROR")]
        rows, _ = of_lines([json.dumps(entry).encode() for entry in entries], 0)
        assert rows.keys == of_json(entries, range(3)).keys
        assert rows.keys[0] == rows.keys[2] != rows.keys[1]


def test_a_number_of_thousands_of_digits_ends_no_reading(tmp_path: Any) -> None:
    big = "9" * 5_000
    path = tmp_path / "big.jsonl"
    path.write_text(
        f'{{"textPayload":"a","labels":{{"x":{big}}}}}\n'
        f'{{"textPayload":"b","trace":{big}}}\n'
        f'{{"jsonPayload":{{"message":"c","x":{big}}}}}\n'
        f'{{"severity":"ERROR","jsonPayload":{{"message":"d","x":{big}}}}}\n',
        "utf-8",
    )
    reading = read_all(LogFile(str(path)), Query("", "", (), EVERYTHING, Severity.DEFAULT))
    assert reading.read == sum(reading.rollup.severities.values()) + reading.broken == 4


def test_half_a_surrogate_pair_in_a_payload_breaks_nothing(tmp_path: Any) -> None:
    path = tmp_path / "odd.jsonl"
    line = '{"severity": "ERROR", "jsonPayload": {"message": "odd \\ud800"}, "labels": {"a": "\\ud800"}}'
    path.write_text(f"{line}\n{line}\n", "utf-8")
    reading = read_all(LogFile(str(path)), Query("", "", (), EVERYTHING, Severity.DEFAULT))
    assert reading.read == 2
    assert reading.rollup.severities == {Severity.ERROR: 2}


def test_an_odd_line_between_others_is_told_with_its_own_words(tmp_path: Any) -> None:
    lines = [json.dumps(entry("all is well", "ERROR", i / 10)) for i in range(4_000)]
    odd = '{"insertId": "odd", "severity": "ERROR", "textPayload": "half a letter: \\ud800"}'
    path = tmp_path / "odd.jsonl"
    path.write_text("\n".join([*lines[:2_500], odd, *lines[2_500:], ""]), "utf-8")
    query = Query("", "", (), EVERYTHING, Severity.DEFAULT)
    reading = read_all(LogFile(str(path)), query, keep_members=True)
    drafts = {len(draft.tally.members): draft for draft in clusters(reading.rollup.stitched())}
    assert drafts[1].samples[0]["textPayload"] == "half a letter: \ud800"
    names = {json.loads(line)["insertId"] for line in lines}
    assert set(drafts[4_000].tally.members) == names
    assert {sample["insertId"] for sample in drafts[4_000].samples} <= names
