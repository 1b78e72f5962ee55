"""Pages of Cloud Logging as bytes: whatever order, size or shape their fields have."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.cloud.logging_v2.types import ListLogEntriesResponse, LogEntry
from google.protobuf.json_format import ParseDict
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.adapters.google import log_pages
from bot.core.entries.json_message import message_only
from bot.core.entries.rows import NO_TIME, Rows, text_key
from bot.core.model.values import SECOND
from bot.core.text.json_levels import KEYS
from tests.adapters.google.wire import field
from tests.core.logs import entry, request, said

ENTRIES = [
    entry("took 31 ms", "ERROR", 1, instance="a"),
    entry("long " * 5_000, "WARNING", 2, instance="b"),
    said("pool exhausted", "ERROR", 3, log="stdout"),
    said("x" * 130, "CRITICAL", 4.000000001),
    request(503, at=5),
    entry("with much beside it", "INFO", 6, trace="projects/p/traces/1", traceSampled=True,
          sourceLocation={"file": "a.py", "line": "7"}, spanId="00f0"),
    {"textPayload": "nothing else"},
    {"textPayload": "received", "receiveTimestamp": "2025-09-14T03:00:00Z", "severity": 450},
    entry(None, "NOTICE", 7, protoPayload={
        "@type": "type.googleapis.com/google.protobuf.StringValue", "value": "audit"}),
    {"severity": "ERROR", "jsonPayload": {}},
    {"severity": "ERROR", "textPayload": " \n"},
    {},
    {"textPayload": "worse than all", "severity": 5000},
]  # fmt: skip


def _serialized(entry: dict[str, Any]) -> bytes:
    return ParseDict(entry, LogEntry.pb()()).SerializeToString()


def _page(entries: list[bytes], token: str = "") -> bytes:
    tokens = ListLogEntriesResponse.pb()(next_page_token=token).SerializeToString()
    return b"".join(field(1, one) for one in entries) + tokens


def _fields(data: bytes) -> Iterator[bytes]:
    """The top-level fields of a message, each with its tag."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        start = at
        kind = number() & 7
        value = number()
        at += value if kind == 2 else 0
        yield data[start:at]


def _columns(rows: Rows) -> Any:
    return [
        (
            rows.keys[i],
            rows.names[i],
            bool(rows.has_insert_id[i]),
            rows.time(i),
            rows.origin(i),
            rows.json(i),
        )
        for i in range(len(rows))
    ]


def test_columns_hold_what_the_entries_say() -> None:
    rows, token = log_pages.read(_page([_serialized(one) for one in ENTRIES], "more"))
    assert token == "more"
    assert len(rows) == len(ENTRIES)
    for i, one in enumerate(ENTRIES):
        found = rows.json(i)
        for name in ("textPayload", "jsonPayload", "insertId"):
            told, given = found.get(name), one.get(name)
            if isinstance(given, str) and isinstance(told, str):  # what is long is cut
                told, given = told[:9_000], given[:9_000]
            assert told == given
    assert rows.names[6] == b"line:7"
    assert not rows.has_insert_id[6]
    assert [rows.time(i) is None for i in range(len(rows))] == [
        "timestamp" not in one and "receiveTimestamp" not in one for one in ENTRIES
    ]
    assert rows.origin(0).place.instance == "a"
    assert rows.origin(2).log.endswith("stdout")
    assert rows.keys[0] == text_key(b"took 31 ms", 500)
    assert rows.keys[7] == text_key(b"received", 450) == text_key(b"received", 400)
    assert rows.keys[12] == text_key(b"worse than all", 800) == text_key(b"worse than all", 5000)
    assert text_key(b"nothing is less", -1) == text_key(b"nothing is less", 0)
    assert [rows.keys[i] for i in (1, 8, 9, 10, 11)] == [None] * 5


_ORDERS: dict[str, Callable[[list[bytes]], None]] = {
    "backwards": list.reverse,
    "shuffled": random.Random(3).shuffle,
    "with a field that nobody knows, in front": lambda fields: fields.insert(0, b"\xf8\x07\x01"),
    "with fields that nobody knows, behind": lambda fields: fields.extend(
        [b"\xfa\x07\x02hi", b"\xf9\x07" + bytes(8), b"\xfd\x07" + bytes(4)]
    ),
    "with a long number": lambda fields: fields.append(b"\xf8\x07" + b"\xff" * 9 + b"\x01"),
}


@pytest.mark.parametrize("order", _ORDERS)
def test_the_order_of_fields_and_unknown_ones_decide_nothing(order: str) -> None:
    plain = [_serialized(one) for one in ENTRIES]
    odd = []
    for one in plain:
        fields = list(_fields(one))
        _ORDERS[order](fields)
        odd.append(b"".join(fields))
    assert _columns(log_pages.read(_page(odd))[0]) == _columns(log_pages.read(_page(plain))[0])


_BETWEEN = {
    "a token": b"\x12\x04more",
    "an unknown field": b"\xfa\x07\x02hi",
    "an empty entry": b"\x0a\x00",
    "a large entry": _page([_serialized({"textPayload": "x" * 2**21})]),
    "a size that is longer than it must be": b"\x0a\x8e\x00"
    + _serialized({"textPayload": "x" * 12}),
}


@pytest.mark.parametrize("between", _BETWEEN)
@pytest.mark.parametrize("at", [0, 1, 3])
def test_what_stands_between_entries_hides_none_of_them(between: str, at: int) -> None:
    parts = [_page([_serialized(one)]) for one in ENTRIES[:3]]
    page = b"".join([*parts[:at], _BETWEEN[between], *parts[at:]])
    response = ListLogEntriesResponse.pb().FromString(page)
    rows, token = log_pages.read(page)
    assert token == response.next_page_token
    assert [LogEntry.pb().FromString(raw) for raw in rows.raw_entries] == list(response.entries)
    assert [str(rows.json(i).get("textPayload", ""))[:9] for i in range(len(rows))] == [
        raw.text_payload[:9] for raw in response.entries
    ]


def test_pages_without_entries() -> None:
    assert len(log_pages.read(b"")[0]) == 0
    rows, token = log_pages.read(_page([], "more"))
    assert (len(rows), token) == (0, "more")


_TIMES = st.builds(
    Timestamp, seconds=st.integers(-(2**63), 2**63 - 1) | st.integers(0, 2**33),
    nanos=st.integers(-(2**31), 2**31 - 1) | st.just(0),
)  # fmt: skip


@given(_TIMES)
@example(Timestamp(seconds=9_223_372_036, nanos=854_775_807))
@example(Timestamp(seconds=9_223_372_036, nanos=854_775_808))
@example(Timestamp())
def test_times_are_those_of_protocol_buffers(stamp: Timestamp) -> None:
    one = LogEntry.pb()(timestamp=stamp, text_payload="x").SerializeToString()
    time = stamp.seconds * SECOND + stamp.nanos
    (found,) = log_pages.read(_page([one]))[0].times.tolist()
    assert found == (time if time and abs(time) < 2**63 else NO_TIME)


_FIELDS = st.one_of(
    st.sampled_from([
        "message", "messages", "messagE", "msg", "stack", "stack_trace", "error", "err", "exception",
        "traceback", "timestamp", "level", "lvl", "@l", "severity", "context", "", "\u00e9",
    ]),
    st.text(max_size=9),
)  # fmt: skip
_VALUES = st.one_of(
    st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=9), st.sampled_from([" ", "x" * 128, "x" * 20_000]), st.just(["a", 1]),
    st.just({"message": "inside"}), st.just({"exception": {"message": "inside"}}),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_FIELDS, _VALUES, max_size=5), st.sampled_from([0, 500]))
@example({f"field {n}": n for n in range(60)} | {"message": "behind many"}, 500)
@example({"message": "x", "context": {"exception": 1}}, 500)
@example({"message": "x", "level": 40}, 0)
def test_a_payload_has_a_key_only_if_its_message_is_all_that_matters(
    payload: dict[str, Any], severity: int
) -> None:
    rows, _ = log_pages.read(_page([_serialized({"jsonPayload": payload, "severity": severity})]))
    (key,) = rows.keys
    if key is None:
        return
    assert message_only(payload)
    assert severity or not set(KEYS) & set(payload)
    text = payload["message"]
    assert key == text_key(text.encode(), severity)
    assert rows.text(rows.raw_entries[0]) == text


@pytest.mark.parametrize(
    "payload", [{"message": "x"}, {"labels": {"module": "logging"}, "message": "x", "n": 1}]
)
def test_a_payload_with_nothing_else_of_meaning_has_a_key(payload: dict[str, Any]) -> None:
    rows, _ = log_pages.read(_page([_serialized({"jsonPayload": payload, "severity": 500})]))
    assert rows.keys == [text_key(b"x", 500)]


def test_an_empty_label_hides_nothing_behind_it() -> None:
    plain = [_serialized(one) for one in ENTRIES]
    odd = []
    for one in plain:
        fields = list(_fields(one))
        first = next((i for i, field in enumerate(fields) if field[0] >= 0x5A), len(fields))
        odd.append(b"".join([*fields[:first], b"\x5a\x00", *fields[first:]]))
    found, expected = (_columns(log_pages.read(_page(page))[0]) for page in (odd, plain))
    assert [row[:5] for row in found] == [row[:5] for row in expected]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(ENTRIES) - 1), st.data())
def test_broken_bytes_are_told_or_read_as_protocol_buffers_are(which: int, data: Any) -> None:
    whole = bytearray(_serialized(ENTRIES[which]))
    at = data.draw(st.integers(0, max(0, len(whole) - 1)))
    broken = bytes(whole[:at]) + data.draw(st.binary(max_size=4)) + bytes(whole[at + 1 :])
    try:
        ours = log_pages.read(_page([_serialized(ENTRIES[0]), broken]))[0]
    except DecodeError:
        with pytest.raises(DecodeError):
            LogEntry.deserialize(broken)
        return
    assert len(ours) == 2
    assert ours.keys[0] == text_key(b"took 31 ms", 500)
