from __future__ import annotations

import pytest

from bot.core.model.report import Traffic
from bot.core.model.values import HOUR, MINUTE
from bot.core.trends.traffic import (
    arrived,
    belongs,
    served,
    summary,
)
from tests.core.logs import START

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
    assert summary(traffic, "UTC", START + HOUR) == said
    assert arrived(traffic) == beside


def test_by_revision():
    assert served(Traffic(SOME)) == {"a-1": 1_004, "a-2": 200}
    assert served(None) == {}


@pytest.mark.parametrize(
    ("revision", "service", "mine"),
    [
        ("api-00001-abc", "api", True),
        ("api-gateway-00001-abc", "api", False),
        ("api-gateway-00001-abc", "api-gateway", True),
        ("api-blue", "api", True),
        ("apiary-00001-abc", "api", False),
    ],
)
def test_whose_a_revision_is(revision, service, mine):
    assert belongs(revision, service) is mine
