"""A month of agreements, each of which breaks in its way; more of them: `benchmarks.contracts`."""

from __future__ import annotations

from benchmarks import contracts
from tests.fakes.store import FakeDecisionBook, FakeHistory, FakeRegistry


def test_each_broken_agreement_is_told_within_one_run_and_none_that_holds() -> None:
    result = contracts.play(1, FakeRegistry(), FakeDecisionBook(), FakeHistory())
    assert result.right, (result.late, result.told, result.false)
    assert len(result.told) == 7
