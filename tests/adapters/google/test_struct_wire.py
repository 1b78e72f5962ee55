"""JSON payloads side by side say what each says alone, however odd they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf.json_format import ParseDict
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.adapters.google import struct_wire
from tests.adapters.google.wire import field, side_by_side

_NAMES = st.one_of(
    st.sampled_from([
        "message", "messages", "messagE", "msg", "stack", "stack_trace", "stack_trac_", "error",
        "err", "traceback", "tracebackx", "timestamp", "exception", "level", "lvl", "@l",
        "severity", "message".ljust(41, "."), "message.of", "", "n" * 127, "n" * 128, "\u00e9",
    ]),
    st.text(max_size=9),
)  # fmt: skip
_VALUES = st.one_of(
    st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=9), st.sampled_from(["", " ", "x" * 127, "x" * 128, "x" * 20_000]),
    st.just(["a", 1]), st.just({"message": "inside"}),
)  # fmt: skip
_PAYLOADS = st.dictionaries(_NAMES, _VALUES, max_size=5)
_SEVERITIES = st.sampled_from([0, 500])


def _wire(payload: dict[str, Any]) -> bytes:
    return ParseDict(payload, Struct()).SerializeToString()


def _told(payloads: list[tuple[bytes, int]]) -> list[bytes]:
    side, places = side_by_side([payload for payload, _ in payloads])
    severities = np.array([severity for _, severity in payloads])
    spans, odd = struct_wire.messages(side, places, severities)
    told = [side.data[a:b] for a, b in zip(*spans, strict=True)]
    for i in odd:
        told[i] = struct_wire.message(*payloads[i])
    return told


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(_PAYLOADS, _SEVERITIES), min_size=1, max_size=9))
@example([({f"field {n}": n for n in range(60)} | {"message": "behind many"}, 500)])
def test_messages_of_many_payloads(payloads: list[tuple[dict[str, Any], int]]) -> None:
    many = [(_wire(payload), severity) for payload, severity in payloads]
    assert _told(many) == [struct_wire.message(*one) for one in many]


_KEYS = st.sampled_from(["message", "level", "stack", "x", "y" * 250]).map(
    lambda name: field(1, name.encode())
)
_ONES = st.sampled_from([
    b"\x08\x00", b"\x20\x01", field(3, b"said"), field(3, b"said " * 40), field(3, b""),
    field(5, b""), field(9, b"unknown"),
])  # fmt: skip
_ODD_VALUES = st.lists(_ONES, max_size=3).map(lambda ones: field(2, b"".join(ones)))
_FIELDS = st.lists(st.one_of(_KEYS, _ODD_VALUES, st.just(field(3, b"?"))), max_size=4)
_ODD = st.lists(_FIELDS.map(lambda parts: field(1, b"".join(parts))), max_size=3).map(b"".join)


_SAID = field(1, field(1, b"message") + field(2, field(3, b"said")))


@settings(max_examples=500, deadline=None)
@given(st.lists(_ODD, min_size=1, max_size=5), _SEVERITIES)
@example([_SAID + field(1, field(1, b"x") + field(1, b"stack"))], 500)
@example([_SAID + field(1, field(1, b"x") + field(2, b"\x20\x01") + field(1, b"stack"))], 500)
@example([_SAID + field(1, field(1, b"message".ljust(41, b".")) + field(2, field(3, b"?")))], 500)
@example([field(1, field(1, b"message") + field(2, field(3, b"said") + b"\x20\x01"))], 500)
@example(
    [
        field(1, field(1, b"message") + field(2, field(3, b"first")))
        + field(
            1,
            field(1, b"k" * 134 + b"\x12") + field(2, field(3, b"7 took")) + field(1, b"message"),
        )
    ],
    500,
)
def test_what_no_writer_writes_is_read_as_protocol_buffers_do(
    payloads: list[bytes], severity: int
) -> None:
    many = [(payload, severity) for payload in payloads]
    assert _told(many) == [struct_wire.message(*one) for one in many]


def test_a_payload_that_ends_too_early_says_nothing() -> None:
    whole = _wire({"message": "it went wrong"})
    many = [(whole[:end], 500) for end in range(len(whole))]
    assert set(_told(many)) == {b""}


@settings(max_examples=200, deadline=None)
@given(_PAYLOADS, _SEVERITIES, st.data())
def test_broken_payloads_say_nothing_that_a_whole_one_would_not(
    payload: dict[str, Any], severity: int, data: st.DataObject
) -> None:
    whole = _wire({**payload, "message": "it went wrong"})
    at = data.draw(st.integers(0, len(whole)))
    broken = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + 1 :]
    beside = _wire({"message": "all is well"})
    first, told, last = _told([(beside, 500), (broken, severity), (beside, 500)])
    assert first == last == b"all is well"
    try:
        Struct.FromString(broken)
    except DecodeError:  # and so is the whole entry
        return
    assert told == struct_wire.message(broken, severity)
