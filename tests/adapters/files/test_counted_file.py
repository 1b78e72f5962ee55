"""The requests that a file of log entries holds, and where it says nothing of them."""

from __future__ import annotations

import json

import pytest

from bot.adapters.files.counted_file import CountedFile
from bot.core.analysis.reading import EVERYTHING
from bot.core.model.environment import Query
from bot.core.model.report import Traffic
from bot.core.model.values import HOUR, MINUTE, SECOND, Window
from tests.core.logs import START, request, said

REVISION = "netra-backend-staging-00598-qss"
HOUR_0 = START // HOUR
SECOND_0 = START // SECOND


@pytest.fixture
def count(tmp_path):
    def count(entries, window=EVERYTHING):
        path = tmp_path / "entries.jsonl"
        path.write_text("".join(json.dumps(e) + "\n" for e in entries), "utf-8")
        file = CountedFile(str(path))
        query = Query("staging", "", (), window)
        assert sum(len(page.rows) for page in file.read(query)) == len(entries)
        return file.read_traffic(query)

    return count


def test_by_revision_and_hour_each_once(count):
    one = request(200, at=5)
    entries = [one, request(404, at=9, revision="b"), request(500, at=3_700), said("x"), one]
    found = count(entries)
    assert found == Traffic(
        (("b", HOUR_0, 1), (REVISION, HOUR_0, 1), (REVISION, HOUR_0 + 1, 1)),
        START + 5_000_000_000,
    )
    assert found.points == (
        ("b", SECOND_0 + 9, 1), (REVISION, SECOND_0 + 5, 1), (REVISION, SECOND_0 + 3_700, 1)
    )  # fmt: skip


def test_entries_without_an_insert_id_are_never_the_same(count):
    bare = {k: v for k, v in request(200).items() if k != "insertId"}
    assert count([bare, bare]).requests == 2


def test_of_the_window_that_was_asked_for(count):
    window = Window(START, START + 10 * MINUTE)
    assert count([request(200, at=at * 60) for at in (-1, 1, 11)], window).requests == 1


def test_without_requests_or_with_failed_ones_alone_it_is_unknown(count):
    assert count([said("x")]) is None
    assert count([request(404), request(500, at=1)]) is None


@pytest.mark.parametrize(
    "odd",
    [{"httpRequest": None}, {"httpRequest": {"status": "ok"}}, {"timestamp": "soon"},
     {"resource": 3}, {"logName": ["x"]}, {"labels": [1]}, {"insertId": {}}],
)  # fmt: skip
def test_odd_entries_break_nothing(count, odd):
    found = count([request(200), {**request(200, at=1), **odd}])
    assert found is not None
    assert 1 <= found.requests <= 2
