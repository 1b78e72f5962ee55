"""From a command to its report."""

from __future__ import annotations

import pytest

from tests.journey.conftest import all_text, buttons

pytestmark = pytest.mark.redis


def test_a_command_gets_its_report(town):
    town.types("staging 2d")
    report = town.report()
    assert "legacy_response" in all_text(report)
    assert "last 2 d" in all_text(report)
    assert "Create issue" in buttons(report)
