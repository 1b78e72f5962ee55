from __future__ import annotations

import pytest

from bot.garden.model import HOUR, MINUTE, Traffic
from bot.garden.traffic import arrived, served, told
from tests.garden.logs import START

SOME = (("a-1", 1, 1_000), ("a-2", 1, 200), ("a-1", 2, 4))


@pytest.mark.parametrize(
    ("traffic", "said", "beside"),
    [
        (None, "unknown", "traffic unknown"),
        (Traffic(), "0 requests (request log)", "no request arrived"),
        (
            Traffic(SOME, source="Cloud Monitoring"),
            "1,204 requests (Cloud Monitoring)",
            "though 1,204 requests arrived",
        ),
        (
            Traffic(SOME, START + 10 * MINUTE, sampled=True),
            "1,204 requests since 03:10 (request log, sampled)",
            "though at least 1,204 requests arrived",
        ),
    ],
)
def test_who_counted_and_whether_all_is_said(traffic, said, beside):
    assert told(traffic, "UTC", START + HOUR) == said
    assert arrived(traffic) == beside


def test_by_revision():
    assert served(Traffic(SOME)) == {"a-1": 1_004, "a-2": 200}
    assert served(None) == {}
