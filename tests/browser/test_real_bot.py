"""The page with the real bot behind it, as a stranger uses it: click, read, file, agree, undo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from playground.stage import Options
from tests.core.logs import said
from tests.standins.stage import PlaygroundThread

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.slow]
PATIENCE = 120_000
"""Milliseconds: an analysis on a slow machine."""


@pytest.fixture(scope="module")
def stage(browser):
    """The playground; asked for after the browser, so that nothing starts where there is none."""
    with PlaygroundThread(Options(port=0, rate_limits=False, start_timeout=240)) as running:
        yield running


@pytest.fixture(params=[(1280, 860), (360, 740)], ids=["desktop", "phone"])
def page(request, browser, stage):
    width, height = request.param
    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.set_default_timeout(PATIENCE)
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.goto(stage.base_url)
    opened.get_by_test_id("composer").wait_for()
    yield opened
    assert troubles == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.close()


def _say(page, text: str) -> None:
    page.get_by_test_id("composer").fill(text)
    page.keyboard.press("Enter")


def _messages(page):
    return page.get_by_test_id("feed").locator("[data-testid^=message-]")


def _report(page, words: str):
    """The last message that says so, once it is there."""
    found = _messages(page).filter(has_text=words).last
    found.wait_for()
    return found


def test_from_the_chip_to_the_issue_and_the_acknowledgement(page) -> None:
    asked = "staging 2d" if page.viewport_size["width"] > 900 else "staging 30h"
    if asked == "staging 2d":
        page.get_by_test_id("chip-gardener-staging-2d").click()
    else:
        _say(page, f"/gardener {asked}")
    label = "last 2 d" if asked == "staging 2d" else "last 30 h"
    report = _report(page, label)
    report.get_by_text("Refresh").wait_for()
    assert "legacy_response" in report.inner_text()

    if report.get_by_text("Create issue").count():
        report.get_by_text("Create issue").first.click()
        modal = page.get_by_test_id("modal")
        modal.get_by_text("What the log says").wait_for()
        page.get_by_test_id("submit").click()
        modal.wait_for(state="hidden")
    report.get_by_text("↗").first.wait_for()

    card = report.get_by_text("Expected…").last
    card.click()
    modal = page.get_by_test_id("modal")
    modal.locator("textarea").first.fill("known: users are created on first login")
    page.get_by_test_id("submit").click()
    modal.wait_for(state="hidden")
    undo = report.get_by_text("Undo")
    undo.first.wait_for()
    assert "1 expected" in report.inner_text()
    undo.first.click()
    report.get_by_text("Undo").wait_for(state="detached")


def test_a_slip_is_answered_with_a_button_that_runs_it(page) -> None:
    _say(page, "/gardener stagin 90m")
    answer = _report(page, 'I know no "stagin"')
    assert "Only visible to you" in answer.inner_text()
    answer.get_by_text("Run it").click()
    _report(page, "last 90 m")


def test_a_log_file_is_analysed(page, tmp_path: Path) -> None:
    path = tmp_path / f"orders-{page.viewport_size['width']}.jsonl"
    lines = [json.dumps(said(f"order {i} could not be priced: table is empty")) for i in range(5)]
    path.write_text("\n".join(lines), "utf-8")
    page.get_by_test_id("file-input").set_input_files(str(path))
    posted = _report(page, path.name)
    posted.locator("[data-testid^=replies-]").click()
    thread = page.locator("[data-testid^=thread-message-]").filter(has_text="5×")
    thread.first.wait_for()
    assert "could not be priced" in thread.first.inner_text()


def test_the_planted_secret_stands_in_the_service_log_alone(page, stage) -> None:
    _say(page, "/gardener staging 2d")
    _report(page, "last 2 d").get_by_text("Refresh").wait_for()
    shown = page.get_by_test_id("feed").inner_text()
    assert not [secret for secret in stage.service.secrets if secret in shown]
