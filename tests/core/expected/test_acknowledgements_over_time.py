"""A month of acknowledgements, each of which breaks in its way; more: `benchmarks.acknowledgements`."""

from __future__ import annotations

from benchmarks import acknowledgements
from tests.fakes.store import FakeDecisionBook, FakeHistory, FakeRegistry


def test_each_broken_acknowledgement_is_told_within_one_run_and_none_that_holds() -> None:
    result = acknowledgements.play(1, FakeRegistry(), FakeDecisionBook(), FakeHistory())
    assert result.right, (result.late, result.told, result.false)
    assert len(result.told) == 7
