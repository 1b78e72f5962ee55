"""The terminal's time zone: TZ, if it names one."""

from __future__ import annotations

import pytest

from bot.core.model.environment import Environment
from bot.settings.settings import load

BERLIN = Environment("staging", "p", timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("variable", "zone"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        (":Asia/Tokyo", "Asia/Tokyo"),
        ("UTC", "UTC"),
        ("", "Europe/Berlin"),
        ("CET-1CEST,M3.5.0,M10.5.0", "Europe/Berlin"),
        ("/etc/localtime", "Europe/Berlin"),
    ],
)
def test_tz_beats_the_environments_zone(monkeypatch, variable, zone):
    monkeypatch.setenv("TZ", variable)
    assert load(read_config=False).zone(BERLIN) == zone
