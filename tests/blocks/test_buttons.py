from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks import buttons
from blocks.buttons import OPTION_LIMIT, VALUE_LIMIT, Act
from bot.core.model.errors import UsageError

_text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.builds(Act, _text, _text, _text, _text, _text, _text, _text, _text, _text))
def test_what_a_button_carries_comes_back(act: Act) -> None:
    assert Act.decode(act.encode()) == act


@given(st.text(max_size=5000), st.text(max_size=5000))
def test_a_long_question_gives_way_and_the_cluster_stays(query: str, report: str) -> None:
    act = Act("why", "staging", "c-" + "0" * 32, query=query, report=report)
    for limit in (VALUE_LIMIT, OPTION_LIMIT):
        text = act.encode(limit)
        assert len(text) <= limit
        back = Act.decode(text)
        assert (back.kind, back.environment, back.cluster) == (act.kind, "staging", act.cluster)


def test_what_must_travel_and_cannot_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Act("why", "e" * 200).encode(OPTION_LIMIT)


def test_a_later_version_may_say_more() -> None:
    assert Act.decode('{"v":9,"k":"why","c":"c-1","zz":{"new":1}}') == Act("why", cluster="c-1")


@pytest.mark.parametrize("value", [None, "", "x", "[]", "1", "{}", '{"k":3}', '{"k":"why","c":[]}'])
def test_what_is_no_act_is_refused_in_a_sentence(value: str | None) -> None:
    with pytest.raises(UsageError, match="Run /gardener again"):
        Act.decode(value)


def test_every_id_is_one_that_slack_takes() -> None:
    ids = [*buttons.BUTTONS, *buttons.MENU_ENTRIES, buttons.MENU, buttons.FILING_CHOICE]
    assert len(set(ids)) == len(ids)
    assert all(len(each) <= 255 for each in ids)
    assert set(buttons.LINKS) <= set(buttons.BUTTONS)
    assert set(buttons.BUTTONS) | set(buttons.MENU_ENTRIES) >= buttons.OFFERED


def test_values_are_readable_and_say_their_version() -> None:
    assert json.loads(Act("why", "staging", "c-1").encode()) == {
        "v": 1,
        "k": "why",
        "e": "staging",
        "c": "c-1",
    }
