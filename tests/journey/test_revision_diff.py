"""`/gardener diff`: to the asker alone, from the latest report or from a week's log."""

from __future__ import annotations

import pytest

from bot.core.model.values import HOUR, MINUTE
from tests.fakes.logs import LEGACY, POOL, entry
from tests.journey.conftest import all_text, buttons

pytestmark = pytest.mark.redis


def test_two_revisions_are_compared_for_the_asker_alone(town):
    now = town.wiring.now()
    town.logs.entries = [entry(LEGACY, now - HOUR - i * MINUTE, i) for i in range(20)]
    town.logs.entries += [
        entry(POOL, now - 9 * HOUR - i * MINUTE, 100 + i, revision="00597-abc") for i in range(12)
    ]
    town.types("diff staging 00597 00598")
    told = town.sees("00597-abc → 00598-qss")
    assert told["ephemeral_for"] == "U0ALICE"
    text = all_text(told)
    assert "1 new, 1 gone" in text
    assert text.index("legacy_response") < text.index("Connection pool exhausted")
    assert "Requests are not known" in text
    assert town.slack.messages("C0OPS", "U0BOB") == []
    # The week is read once: the next answer, a slip's too, comes from what is kept.
    town.types("diff staging 00597 00588")
    slip = town.sees('no revision "00588"')
    assert buttons(slip) == ["Run it"]
    town.clicks(told, "run")
    assert "last 7 d" in all_text(town.report())
    assert town.logs.reads == 1


def test_without_names_the_two_newest_are_compared(town):
    now = town.wiring.now()
    town.logs.entries = [entry(LEGACY, now - HOUR, 1)]
    town.logs.entries += [
        entry(POOL, now - i * HOUR, i, revision=f"{600 - i:05}-abc") for i in (3, 4)
    ]
    town.types("diff staging")
    town.sees("00597-abc → 00598-qss")


def test_with_a_single_revision_it_says_so(town):
    town.logs.entries = [entry(LEGACY, town.wiring.now() - HOUR, 1)]
    town.types("diff staging")
    assert "only one revision is known" in all_text(town.sees("Two are needed to compare"))
