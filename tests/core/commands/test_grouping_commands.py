"""What one types to teach grouping."""

from __future__ import annotations

import pytest

from bot.core.commands.commands import Suggestion
from bot.core.commands.grouping_commands import RuleList, SameAs, SplitBy
from bot.core.commands.parser import parse
from bot.core.model.environment import Environment

KNOWN = [Environment("staging", "p"), Environment("prod", "q")]


def read(text, default="staging"):
    return parse(text, environments=KNOWN, default=default, now=0)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("same C3 C5", SameAs(("C3", "C5"))),
        ("same c3, c-5 and C03", SameAs(("C3", "C5"))),
        ("same C3 C5 C7 PROD", SameAs(("C3", "C5", "C7"), "prod")),
        ("same C3 = c-0123456789ab", SameAs(("C3", "c-0123456789ab"))),
        ('split C3 "legacy"', SplitBy("C3", "legacy")),
        ("split c3 \u201clegacy response\u201d", SplitBy("C3", "legacy response")),
        ("split C3 legacy", SplitBy("C3", "legacy")),
        ("split C3 legacy prod", SplitBy("C3", "legacy", "prod")),
        ('split C3 "legacy" prod', SplitBy("C3", "legacy", "prod")),
        ('split C3 "in prod"', SplitBy("C3", "in prod")),
        ("split C3 prod", SplitBy("C3", "prod")),
        ('split C3 "Type: x."', SplitBy("C3", "Type: x.")),
        ("rules", RuleList("staging")),
        ("rules prod", RuleList("prod")),
    ],
)
def test_what_is_typed_is_understood(text, meant):
    found = read(text)
    assert found == meant
    assert read(found.typed) == found


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("same", "same C3 C5"),
        ("same C5", "same C5 C3"),
        ("same C3 C5 banana", "same C3 C5"),
        ("split", 'split C3 "token"'),
        ("split C3", 'split C3 "token"'),
        ("rules stagign", "rules staging"),
        ("smae C3 C5", "same C3 C5"),
    ],
)
def test_what_is_not_gets_the_nearest_right_form(text, nearest):
    found = read(text)
    assert isinstance(found, Suggestion)
    assert found.command == nearest
    assert not isinstance(read(nearest), Suggestion)


def test_of_very_many_the_first_are_taken():
    found = read("same " + " ".join(f"C{n}" for n in range(1, 40)))
    assert isinstance(found, Suggestion)
    assert not isinstance(read(found.command), Suggestion)
