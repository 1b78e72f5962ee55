from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings

from bot.core.model.report import Coverage, Report
from bot.core.model.values import HOUR, Window
from bot.core.reports.worklog import worklog
from bot.core.text.display import markdown
from tests.blocks.strategies import hostile, reports
from tests.fakes.reports import (
    JWT,
    LEGACY,
    NOW,
    SESSION,
    acknowledgement,
    crash_report,
    decided,
    issue,
    report,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

SECTIONS = (
    "# GCP Log Gardener Worklog",
    "**Generated:** 2025-09-15 03:12:00 UTC",
    "**Service:** netra-backend-staging",
    "**Time Range:** ",
    "**Total Issues Found:** 3 clusters",
    "## Executive Summary",
    "## Issue Cluster 1: [LEGACY MODE] Message loop error",
    "**Severity:** ERROR",
    "**Priority:** P2 (HIGH)",
    "**Count:** ",
    "**Pattern:** ",
    "### Details",
    "### Analysis",
    "- **Root Cause**",
    "- **Impact**",
    "- **Location**: `netra_backend.app.routes.websocket_ssot:1619` in `_legacy_message_loop`",
    "- **Frequency**",
    "## Processing Status",
    "## Next Steps",
    "## Technical Notes",
)


def test_the_worklog(snapshot: SnapshotAssertion) -> None:
    assert worklog(report()) == snapshot
    assert worklog(crash_report()) == snapshot


def test_it_has_the_sections_of_those_written_by_hand_in_their_order() -> None:
    text = worklog(report())
    at = [text.index(section) for section in SECTIONS]
    assert at == sorted(at)


def test_boxes_are_ticked_as_people_decide() -> None:
    def boxes(what: Report, **how: object) -> list[str]:
        return re.findall(r"- \[(.)\]", worklog(what, **how))  # type: ignore[arg-type]

    assert boxes(report()) == ["x", "x", " ", " ", " ", " ", " "]
    filed = decided(LEGACY, issue=issue())
    assert boxes(report(filed, SESSION, JWT)) == ["x", "x", " ", " ", "x", " ", " "]
    expected = decided(JWT, expected=acknowledgement())
    also = decided(SESSION, issue=issue("c-session"))
    assert boxes(report(filed, also, expected)) == ["x"] * 7
    assert boxes(report(filed, SESSION, expected), searched=["c-session"])[2] == "x"


def test_a_gap_leaves_the_first_box_open() -> None:
    gap = Coverage(10, 10, missing=(Window(NOW - HOUR, NOW),), notes=("Refresh after 03:05.",))
    text = worklog(report(coverage=gap))
    assert "- [ ] **Logs Collected**: 10 entries, not the whole window" in text
    assert "**Not read:**" in text
    assert "**not everything was read**" in text


def test_nothing_found_says_in_how_many_entries() -> None:
    text = worklog(replace(report(), clusters=()))
    assert "Nothing at WARNING or above in 4,812 entries." in text
    assert "- [x] **Issue Creation/Updates**" in text


def test_symptoms_stand_under_their_root() -> None:
    text = worklog(crash_report())
    assert text.count("## Issue Cluster") == 1
    assert "## Cause Chains\n- C4 → C5 → C6 → C7 → C8" in text


def test_foreign_text_does_nothing_in_markdown() -> None:
    bad = "](http://x) <img src=x> @alice #12 `a` **b** &lt; __init__"
    text = worklog(report(replace(LEGACY, title=bad, cause=bad, template="```\n# x")))
    assert "@alice" not in text
    assert "#12" not in text
    assert "\\<img" in text
    assert "\\](http" in text
    assert "\n# x" not in text


@given(hostile)
def test_a_line_stays_one_line(text: str) -> None:
    shown = markdown(text, 300)
    assert "\n" not in shown
    shown.encode()


@settings(max_examples=15, deadline=None)
@given(reports(most=6))
def test_hostile_reports_keep_the_shape(what: Report) -> None:
    text = worklog(what)
    text.encode()
    heads = re.findall(r"^## Issue Cluster (\d+)", _without_fences(text), re.MULTILINE)
    assert [int(h) for h in heads] == list(range(1, len(what.cards) + 1))
    assert _without_fences(text).count("\n## Processing Status\n") == 1


def _without_fences(text: str) -> str:
    return re.sub(r"^(`{3,})\w*\n.*?\n\1$", "", text, flags=re.MULTILINE | re.DOTALL)
