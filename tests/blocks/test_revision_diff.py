"""What `/gardener diff` shows."""

from __future__ import annotations

from dataclasses import replace

from blocks.buttons import Act
from blocks.revision_diff import comparison
from blocks.text import as_text
from bot.core.reports.revision_diff import Change, Comparison, Side
from tests.blocks.judges import judge_message
from tests.fakes.reports import JWT, LEGACY, NOW, SERVICE, SESSION, report

A = Side(f"{SERVICE}-00597-abc", "00597-abc", 9_412, 86_400)
B = Side(f"{SERVICE}-00598-qss", "00598-qss", 1_204, 7_200)
QUERY = Act("", "staging", query="staging 7d")
FOUND = Comparison(
    A,
    B,
    new=(Change(LEGACY, 0, 10, symptoms=4),),
    gone=(Change(JWT, 2, 0, sure=False),),
    changed=(Change(SESSION, 20, 300),),
    same=5,
    unclear=0,
    unknown_traffic=False,
)


def shown(found: Comparison) -> str:
    message = comparison(found, report(), now=NOW, query=QUERY)
    judge_message(message)
    return as_text(message)


def test_each_line_says_how_often_in_how_many_requests():
    text = shown(FOUND)
    assert "staging, 00597-abc → 00598-qss: 1 new, 1 changed, 1 gone  [Show all]" in text
    assert "00597-abc: 9,412 requests · 00598-qss: 1,204 requests" in text
    assert "10 in 1,204 requests · +4 symptoms" in text
    assert "2.1 → 249 in 1,000 requests" in text
    assert "2 in 9,412 requests · may be chance" in text
    assert "5 problems in both" in text


def test_without_requests_it_is_by_time_and_says_so():
    text = shown(replace(FOUND, unknown_traffic=True))
    assert "00597-abc: seen for 1 d · 00598-qss: seen for 2 h" in text
    assert "20 → 3,600 a day" in text
    assert "Requests are not known of both" in text


def test_no_difference_is_said():
    text = shown(replace(FOUND, new=(), gone=(), changed=()))
    assert "00598-qss: no difference" in text


def test_however_much_differs_it_fits_and_stays_literal():
    loud = replace(LEGACY, title="<!channel> `x` *a* :key: " + "long words " * 400)
    many = tuple(Change(loud, 0, n) for n in range(1, 300))
    text = shown(
        replace(FOUND, new=many, gone=many, changed=tuple(Change(loud, 1, 9) for _ in many))
    )
    assert text.count("and 291 more") == 3
    assert "<!channel> `x` *a* :key:" in text
