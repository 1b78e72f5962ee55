from __future__ import annotations

import json
from dataclasses import dataclass, field, fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import codec, report
from bot.core.model.decisions import Decisions
from bot.core.model.report import Report
from bot.core.model.values import Severity, State
from bot.core.ports import Subscription

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
json_objects = st.dictionaries(st.text(), json_values, max_size=3)

clusters = st.builds(
    report.Cluster,
    sample=json_objects,
    examples=st.lists(json_objects, max_size=2).map(tuple),
)
reports = st.builds(Report, clusters=st.lists(clusters, max_size=2).map(tuple))


@settings(max_examples=60, deadline=None)
@given(reports)
def test_every_report_comes_back_as_it_was(report):
    assert codec.loads(Report, codec.dumps(report)) == report


@settings(max_examples=60, deadline=None)
@given(st.builds(Decisions))
def test_every_decision_comes_back_as_it_was(decisions):
    for part in fields(Decisions):
        decision = getattr(decisions, part.name)
        if decision is not None:
            assert codec.loads(type(decision), codec.dumps(decision)) == decision
    assert codec.loads(Decisions, codec.dumps(decisions)) == decisions


@given(st.builds(Subscription))
def test_a_subscription_comes_back_as_it_was(subscription):
    assert codec.loads(Subscription, codec.dumps(subscription)) == subscription


@dataclass(frozen=True, slots=True)
class Newer:
    name: str
    severity: Severity
    state: State
    colour: str = "red"
    sizes: tuple[tuple[str, int], ...] = ()
    rate: float | None = 1.5
    start: int | None = None
    parts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Older:
    name: str
    severity: Severity
    state: State = State.NEW


def test_older_and_newer_read_each_other():
    newer = Newer("a", Severity.ERROR, State.QUIET, sizes=(("x", 1),), rate=None)
    assert codec.loads(Older, codec.dumps(newer)) == Older("a", Severity.ERROR, State.QUIET)
    older = codec.loads(Newer, codec.dumps(Older("a", Severity.ERROR)))
    assert older == Newer("a", Severity.ERROR, State.NEW)


def test_it_reads_as_json_a_person_understands():
    assert json.loads(codec.dumps(Newer("ü", Severity.ERROR, State.QUIET, rate=2))) == {
        "name": "ü",
        "severity": "ERROR",
        "state": "quiet",
        "colour": "red",
        "sizes": [],
        "rate": 2,
        "parts": {},
    }


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("{", "not JSON"),
        ("[]", "Newer is no object"),
        ('{"severity": "ERROR", "state": "new"}', "Newer.name is missing"),
        ('{"name": 3, "severity": "ERROR", "state": "new"}', "Newer.name is no str"),
        ('{"name": "a", "severity": "LOUD", "state": "new"}', "Newer.severity is no Severity"),
        ('{"name": "a", "severity": [], "state": "new"}', "Newer.severity is no Severity"),
        ('{"name": "a", "severity": "ERROR", "state": "odd"}', "Newer.state is no State"),
        (
            '{"name": "a", "severity": "ERROR", "state": "new", "sizes": [["x"]]}',
            r"Newer.sizes\[0\] has 1 items, not 2",
        ),
        (
            '{"name": "a", "severity": "ERROR", "state": "new", "start": true}',
            "Newer.start is no int",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(data, said):
    with pytest.raises(codec.CodecError, match=said):
        codec.loads(Newer, data)


def test_half_a_surrogate_pair_survives():
    assert codec.load_json(codec.dump_json({"a": "\ud83d"})) == {"a": "\ud83d"}


def test_what_is_no_value_is_refused():
    with pytest.raises(codec.CodecError):
        codec.dumps(object())
