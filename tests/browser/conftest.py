"""Chromium for the tests that look at the page. None is downloaded: the system's own is used."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator

import pytest

CALLED = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]


def chromium() -> str | None:
    """The browser's path: $CHROMIUM where that is set, else the usual names."""
    names = (os.environ["CHROMIUM"],) if os.environ.get("CHROMIUM") else CALLED
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """A headless browser, one for all tests of this process."""
    path = chromium()
    if path is None:
        loud = "NO CHROMIUM: the page is NOT tested. Install chromium or set CHROMIUM=/path/to/it."
        warnings.warn(loud, stacklevel=1)
        pytest.skip(loud)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
