"""Counting: whatever the order, the pages, the workers and the bounds, the same clusters."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from google.cloud.logging_v2.types import ListLogEntriesResponse
from google.protobuf.json_format import ParseDict
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.adapters.files.log_file import LogFile
from bot.adapters.google import log_pages
from bot.core.analysis.reading import MEMBERS, read_all
from bot.core.clusters.clusters import clusters
from bot.core.clusters.incidents import incidents
from bot.core.entries.json_lines import of_lines
from bot.core.entries.json_rows import of_json
from bot.core.entries.rows import LARGE, NO_TIME, Rows
from bot.core.entries.understand import Kind, understand
from bot.core.model import rfc3339
from bot.core.model.values import SECOND, Severity, Window
from bot.core.rollup.dedup import SeenHashes
from bot.core.rollup.intake import Intake
from bot.core.rollup.meaning_table import MeaningTable
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.tally import Bounds
from bot.core.text.fast_mask import masked, quick_mask
from bot.core.text.id_mask import with_placeholder_ids
from bot.core.text.mask import MASKS, mask
from bot.core.text.redact import redact
from bot.core.text.redact_rules import RULES
from tests.core.logs import (
    START,
    entry,
    request,
    said,
)

ALL = Window(-(2**62), 2**62)
TIGHT = Bounds(alike=3, messages=8, places=2, routes=2, hours=2, fragments=4_000)
"""Few enough to be passed by a handful of entries."""

# --- entries, of every kind that is counted in its own way ---------------------------------------

_WORDS = ["alpha", "beta", "gamma", "delta"]
_TEXTS = st.one_of(
    st.builds("{} {} {}".format, *[st.sampled_from(_WORDS)] * 3),
    st.builds("took {} ms, request {}".format, st.integers(0, 999), st.uuids()),
    st.builds("2025-09-14 03:00:0{} - svc - {} - {}".format, st.integers(0, 9),
              st.sampled_from(["ERROR", "INFO"]), st.sampled_from(_WORDS)),
    st.builds('10.0.0.{}:80 - "GET /{}/{} HTTP/1.1" {}'.format, st.integers(0, 20),
              st.sampled_from(_WORDS), st.integers(0, 9), st.sampled_from([200, 404, 500])),
    st.builds("ERROR: token: {}".format, st.sampled_from(["1234", "123456", "hunter22"])),
    st.sampled_from([
        "Traceback (most recent call last):", '  File "/app/a.py", line 3, in f', "    g()",
        "Container called exit(1).", "Container called exit(3).", "failed to open the ledger",
        "KeyError: 'x'", "ValueError: 7", "", " ", "\x00", "x" * 5_000, "{\"level\": \"error\"}",
        'Traceback (most recent call last):\n  File "/app/b.py", line 9, in g\nKeyError: 1',
    ]),
)  # fmt: skip
_SEVERITIES = st.sampled_from([None, "INFO", "WARNING", "ERROR"])


@st.composite
def _entries(draw: st.DrawFn) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(0, 24))):
        where = {"instance": f"i{draw(st.integers(0, 5))}", "log": draw(st.sampled_from("ab"))}
        at = draw(st.sampled_from([0, 0, 0.1, 0.2, 61, 3_600, 7_201]))
        kind = draw(st.integers(0, 5))
        if kind == 0:
            made.append(request(draw(st.sampled_from([404, 503])), f"/{len(made)}", at))
        elif kind == 1:
            made.append(said(draw(_TEXTS), draw(_SEVERITIES) or "ERROR", at, **where))
            if draw(st.booleans()):
                made[-1]["jsonPayload"]["error"] = draw(st.sampled_from(["gone", "", 7, None]))
        else:
            made.append(entry(draw(_TEXTS), draw(_SEVERITIES), at, **where))
        if draw(st.booleans()):
            made[-1]["trace"] = f"projects/p/traces/{draw(st.integers(0, 4)):032x}"
        if draw(st.integers(0, 9)) == 0:
            del made[-1]["timestamp"]
    return made


def _rows(entries: Sequence[dict[str, Any]]) -> Rows:
    return of_json(entries, range(len(entries)))


def _lines(entries: Sequence[dict[str, Any]]) -> Rows:
    rows, odd = of_lines([json.dumps(one).encode() for one in entries], 0)
    assert not odd
    return rows


def _wire(entries: Sequence[dict[str, Any]]) -> Rows:
    page = ListLogEntriesResponse.pb()()
    for one in entries:
        ParseDict(one, page.entries.add())
    return log_pages.read(page.SerializeToString())[0]


def _counted(
    pages: Sequence[Rows],
    bounds: Bounds,
    least: Severity,
    known: int = 100,
    *,
    together: bool = False,
) -> Rollup:
    """`together`: as one batch, instead of page by page."""
    rollup = Rollup(least, bounds=bounds)
    intake = Intake(ALL, rollup, capacity=known)
    for rows in pages:
        intake.add(rows)
        if not together:
            intake.flush()
    intake.flush()
    return rollup


def _cut(entries: list[Any], cuts: Sequence[int]) -> list[list[Any]]:
    ends = sorted({min(cut, len(entries)) for cut in cuts} | {0, len(entries)})
    return [entries[a:b] for a, b in pairwise(ends)]


def _figures(rollup: Rollup) -> Any:
    """All that a report is made of, in an order of its own."""
    final = rollup.stitched()
    found = [
        (d.id, d.template, d.keys, d.tally.count, d.tally.occurrences, d.tally.severity,
         d.tally.hours, d.tally.minutes, d.tally.elsewhen, d.tally.places, d.tally.routes, d.tally.moments, d.tally.estimated,
         d.tally.traces, d.tally.first, d.tally.last, [s[:2] for s in d.tally.samples], d.sample, d.edges)
        for d in clusters(final)
    ]  # fmt: skip
    joined = incidents(clusters(final), final.place_spans)
    answered = list(final.served.rows()), list(final.failed.rows())
    return found, joined, final.severities, final.below, final.places, final.requests, answered


_bounds = st.sampled_from([TIGHT, Bounds(), Bounds(alike=2, messages=1_000, fragments=0)])
_least = st.sampled_from([Severity.DEFAULT, Severity.WARNING])


@settings(max_examples=50, deadline=None)
@given(_entries(), _bounds, _least, st.lists(st.integers(0, 24), max_size=6), st.randoms())
def test_order_and_pages_do_not_matter_past_every_bound(
    entries: list[Any], bounds: Bounds, least: Severity, cuts: list[int], rng: random.Random
) -> None:
    expected = _figures(_counted([_rows(entries)], bounds, least))
    rng.shuffle(entries)
    pages = [_rows(part) for part in _cut(entries, cuts)]
    assert _figures(_counted(pages, bounds, least, known=3)) == expected
    assert _figures(_counted(pages, bounds, least, together=True)) == expected


@settings(max_examples=50, deadline=None)
@given(_entries(), _bounds, _least, st.lists(st.integers(0, 24), max_size=6), st.randoms())
def test_workers_that_are_merged_in_any_order_give_the_same(
    entries: list[Any], bounds: Bounds, least: Severity, cuts: list[int], rng: random.Random
) -> None:
    expected = _figures(_counted([_rows(entries)], bounds, least))
    parts = [_counted([_rows(part)], bounds, least) for part in _cut(entries, cuts)]
    rng.shuffle(parts)
    whole = Rollup(least, bounds=bounds)
    while parts:
        if len(parts) > 1 and rng.random() < 0.5:
            parts[0].merge(parts.pop())
        else:
            whole.merge(parts.pop())
    assert _figures(whole) == expected


@settings(max_examples=40, deadline=None)
@given(_entries(), _bounds)
def test_every_entry_is_counted_once(entries: list[Any], bounds: Bounds) -> None:
    final = _counted([_rows([*entries, *entries])], bounds, Severity.WARNING).stitched()
    assert sum(d.tally.count for d in clusters(final)) + final.below == len(entries)
    assert sum(final.severities.values()) == len(entries)
    assert sum(count for count, _, _ in final.places.values()) == len(entries)


@settings(max_examples=40, deadline=None)
@given(_entries())
def test_protocol_buffers_json_and_its_lines_say_the_same(entries: list[Any]) -> None:
    objects, lines, wire = (
        _counted([read(entries)], Bounds(), Severity.DEFAULT).stitched()
        for read in (_rows, _lines, _wire)
    )
    assert objects.severities == lines.severities == wire.severities
    one, other, third = (
        [
            (d.id, d.tally.count, d.tally.first, d.tally.hours, d.tally.places, d.tally.traces)
            for d in clusters(each)
        ]
        for each in (objects, lines, wire)
    )
    assert one == other == third


def test_a_stream_of_words_that_never_repeat_ends_in_bounded_memory() -> None:
    rng = random.Random(1)
    rollup = Rollup(Severity.DEFAULT, bounds=Bounds(alike=12, messages=48))
    intake = Intake(ALL, rollup)
    for _ in range(10):
        texts = [
            " ".join("".join(rng.choices("ghijkl", k=9)) for _ in range(rng.randrange(1, 60)))
            for _ in range(200)
        ]
        intake.add(_rows([entry(text, "ERROR", i / 9) for i, text in enumerate(texts)]))
        intake.flush()
        assert len(rollup.counted) <= 60
    final = rollup.stitched()
    assert len(final.counted) <= 48
    assert len(final.rest) <= 40
    found = clusters(final)
    assert sum(d.tally.count for d in found) == 2_000
    assert sum(sum(d.tally.hours.values()) for d in found) == 2_000


def test_a_flood_does_not_drown_what_is_said_in_few_ways() -> None:
    flood = [
        entry(f"{chr(103 + i % 19)}{chr(103 + i // 19)} ran out", "ERROR", i) for i in range(300)
    ]
    calm = [said("the disk is nearly full, please look", "ERROR", i) for i in range(3)]
    final = _counted([_rows(flood + calm)], Bounds(alike=20, messages=30), Severity.DEFAULT)
    counts = {d.template: d.tally.count for d in clusters(final.stitched())}
    assert counts["the disk is nearly full, please look"] == 3


def _any_way(entries: list[Any], bounds: Bounds) -> None:
    expected = _figures(_counted([_rows(entries)], bounds, Severity.DEFAULT))
    for seed in range(4):
        random.Random(seed).shuffle(entries)
        parts = [_rows(entries[i : i + 7]) for i in range(0, len(entries), 7)]
        assert _figures(_counted(parts, bounds, Severity.DEFAULT)) == expected


def test_routes_past_their_bound() -> None:
    line = '10.0.0.1:80 - "GET /{} HTTP/1.1" 404'
    strangers = [entry(line.format("x" * i), at=i) for i in range(1, 60)]
    _any_way(strangers, TIGHT)
    (draft,) = clusters(_counted([_rows(strangers)], TIGHT, Severity.DEFAULT).stitched())
    assert (draft.tally.count, len(draft.tally.routes), draft.tally.estimated) == (59, 2, True)


def test_forged_times_end_no_histogram() -> None:
    entries = [said("late", "ERROR", 3_600 * (i % 40)) for i in range(60)]
    bounds = Bounds(hours=5)
    _any_way(entries, bounds)
    (draft,) = clusters(_counted([_rows(entries)], bounds, Severity.DEFAULT).stitched())
    tally = draft.tally
    assert (tally.count, len(tally.hours), tally.estimated) == (60, 5, True)
    assert sum(tally.hours.values()) + tally.elsewhen == 60


def test_fragments_past_their_bound() -> None:
    lines = ["Traceback (most recent call last):", '  File "/app/a.py", line 3, in f',
             "    g()", "KeyError: 'x'"]  # fmt: skip
    entries = [
        entry(line, None, 60 * minute + i / 100)
        for minute in range(30)
        for i, line in enumerate(lines)
    ]
    size = 4 * 1_000
    _any_way(entries, Bounds(fragments=10 * size))
    rollup = _counted([_rows(entries)], Bounds(fragments=10 * size), Severity.DEFAULT)
    traces = [d for d in clusters(rollup.stitched()) if d.kind is Kind.TRACE]
    assert sum(d.tally.count for d in clusters(rollup.stitched())) == len(entries)
    assert 5 <= sum(d.tally.occurrences for d in traces) <= 15


def test_large_entries_are_cut_where_they_are_kept() -> None:
    final = _counted([_rows([entry("word " * 40_000, "ERROR")])], Bounds(), Severity.DEFAULT)
    (draft,) = clusters(final.stitched())
    assert len(draft.tally.samples[0].raw.data) <= LARGE
    assert str(draft.samples[0]["textPayload"]).startswith("word word")


def test_half_a_surrogate_pair_is_a_letter_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text('{"insertId": "\\ud800", "textPayload": "odd \\ud800 letter"}\n' * 2, "utf-8")
    reading = read_all(LogFile(str(path)), MEMBERS)
    (draft,) = clusters(reading.rollup.stitched())
    assert draft.tally.count == 1
    assert draft.samples[0]["textPayload"] == "odd \ud800 letter"


# --- parts ---------------------------------------------------------------------------------------

_IDS = st.integers(0, 2**32).map(lambda seed: _id(random.Random(seed)))
_CONTEXT = st.sampled_from([
    "request", "id=", "user", "took", "ms", "Jan", "at 10:", "(", ")", "[", "]", ",", ", ", "-",
    " ", "  ", "/v1/", "host.example.org:", "token: ", "password=", "@x.org", '{"n": ', "}", "<",
    "blk_", "KB", "due to", "0x", "...", "://", "ya29.", "1//", "\u00e9", "= ", "''", '"',
    "2025-09-14 00:00:00", " - ERROR - ", "ERROR: ", "[INFO]", "level=", '- "GET ', '" 200', "\n",
    "  File ", "ValueError: ", "at ", " --- ",
])  # fmt: skip
_PIECES = st.lists(st.one_of(_CONTEXT, _IDS), max_size=9)


def _zeroed(text: str) -> str:
    return "".join("0" if "0" <= c <= "9" else c for c in text)


def _id(rng: random.Random) -> str:
    length = rng.choice([1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 25, 40])
    signs = rng.choice(
        ["0123456789", "0123456789abcdef", "0123456789abcdefgz", "abcdef0", "abcdef", "0a"]
    )
    letters = "".join(rng.choices(signs, k=32))
    if rng.random() < 0.2:
        return "-".join([letters[:8], *(letters[i : i + 4] for i in (8, 12, 16)), letters[20:]])
    return (letters + letters)[:length] + rng.choice(["", "", "", "ms", "%"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_CONTEXT, _CONTEXT, st.sampled_from([" ", "", " "])), max_size=4),
       st.integers(0, 2**32))  # fmt: skip
@example([("Jan", "", " ")], 0)  # the beginning of a date, or not
@example([("token: Bearer", "", " "), ("password=", "", "")], 0)
@example([('failed\n  File "/a", line', "", " ")], 0)  # a line number, or none
@example([("\x1b[", "", "")], 0)  # ends what a terminal would obey, or not
def test_texts_that_differ_in_ids_are_told_apart_where_that_matters(
    frame: list[tuple[str, str, str]], seed: int
) -> None:
    rng = random.Random(seed)
    texts = [
        "".join(f"{before}{gap}{_id(rng)}{gap}{after}" for before, after, gap in frame)
        for _ in range(20)
    ]
    known = MeaningTable(lambda meaning: meaning)
    rows = _rows([entry(text, None, i) for i, text in enumerate(texts)])
    numbers = known.known(rows)
    known.learn(rows, numbers, np.ones(len(rows), np.bool_))
    for text, number in zip(texts, numbers.tolist(), strict=True):
        found = understand(text, stderr=True)
        if found.key.kind is not Kind.REQUEST and not text.isspace():
            meaning = known.listed[number]
            assert (meaning.key, meaning.severity) == (found.key, found.severity)
            # The digits of what was raised are asked of the entry itself, later.
            pieces = (meaning.piece, found.piece)
            assert len({p and (p.kind, _zeroed(p.exception or "")) for p in pieces}) == 1


@settings(max_examples=200, deadline=None)
@given(_PIECES)
def test_which_digit_stands_where_one_does_decides_nothing(pieces: list[str]) -> None:
    text = "".join(pieces)
    found, zeroed = understand(text), understand(_zeroed(text))
    if found.key.kind is not Kind.REQUEST:
        assert found.key == zeroed.key
        assert found.severity == zeroed.severity


_SECRETS = st.sampled_from([rule.matches for rule in RULES] + [rule.spares for rule in RULES])
_MASKED = st.sampled_from([rule.example for rule in MASKS] + [rule.counter for rule in MASKS])
_LINES = st.lists(st.one_of(_CONTEXT, _IDS, _SECRETS, _MASKED, st.text(max_size=9)), max_size=6)


@settings(max_examples=200, deadline=None)
@given(_LINES, st.sampled_from(["", " ", "\n", "+"]))
@example(["run --pass", "hunter22", "--cookies", "hunter22"], " ")
@example(["a" * 300 + "-password", "hunter22"], "+")
@example(["cvv2", "4242."], " ")
@example(["password%3Dhunter22"], "")
def test_passing_rules_over_changes_nothing(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    assert quick_mask(_zeroed(text)) == mask(text)
    clean = text
    for rule in RULES:
        clean = rule.pattern.sub(rule.replacement, clean)
    assert redact(text) == clean
    # The second time its words are known.
    assert masked(text) == masked(text) == mask(clean)


_ID = re.compile(
    rb"(?<=[ =(\[])(?=[0a-f]{2})(?:(?:0++[a-f]|[a-f]{1,7}+0)[0a-f]*+"
    rb"|(?=[a-f]{0,7}0)[0a-f]{8}-[0a-f]{4}-[0a-f]{4}-[0a-f]{4}-[0a-f]{12})(?![^\s,;)\]])"
)
_NEAR_IDS = st.lists(
    st.one_of(
        _IDS,
        st.sampled_from([*" =([,;)]-\n\t0af", "0a0a0a0a-", "0a0a-", "0a0a0a0a0a0a"]),
        st.sampled_from([" 00000000-0000-0000-0000-000000000000", " aaaaaaaa-0000-0000-0000-"]),
    ),
    max_size=9,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(_NEAR_IDS, max_size=5))
def test_ids_of_many_texts_are_found_as_a_pattern_would(texts: list[str]) -> None:
    def like(match: re.Match[bytes]) -> bytes:
        return b"0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a" if b"-" in match[0] else (
            b"0a" * len(match[0])
        )[: len(match[0])]  # fmt: skip

    zeroed = [_zeroed(text).encode() for text in texts]
    assert with_placeholder_ids(zeroed) == [_ID.sub(like, text) for text in zeroed]


def test_ids_go_and_words_stay() -> None:
    uuid = _zeroed("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
    text = f"request {uuid} id=00ab (fe0) took 00 ms; deed cafe v0 0x0f"
    nothing = b"deadbeef-dead-beef-dead-beefdeadbeef abcdefab00 0ab-cd"
    assert with_placeholder_ids([b"", text.encode(), nothing]) == [
        b"",
        b"request 0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a id=0a0a (0a0) took 00 ms; deed cafe v0 0x0f",
        nothing,
    ]


@given(st.lists(st.lists(st.integers(-40, 40)), max_size=8))
def test_seen_tells_what_was_there_before(parts: list[list[int]]) -> None:
    seen, known = SeenHashes(), set[int]()
    for part in parts:
        expected = []
        for place, value in enumerate(part):
            if value in known:
                expected.append(place)
            known.add(value)
        again = seen.add(np.array(part, np.int64), np.ones(len(part), np.bool_))
        assert sorted(again.tolist()) == expected


_STAMPS = st.one_of(
    st.builds("{}{}{}".format, st.datetimes().map(lambda t: t.isoformat()[:19]),
              st.sampled_from(["", ".", ".0", ".123", ".123456789", ".1234567891", ".12a"]),
              st.sampled_from(["Z", "", "z", "+02:00", "ZZ"])),
    st.from_regex(r"\A[0-9]{4}-[0-3][0-9]-[0-4][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,9})?Z\Z"),
    st.sampled_from(["", "Z", "2025-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
                     "9999-12-31T23:59:59Z", "1677-01-01T00:00:00Z", "2025-09-14T00:00:60Z", "\ud800" * 20,
                     "2025-09-14T00:00:00.\u0664Z"]),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(_STAMPS, max_size=9))
def test_times_read_at_once_are_those_read_one_by_one(stamps: list[str]) -> None:
    one_by_one = [rfc3339.parse(stamp) for stamp in stamps]
    fits = [NO_TIME if time is None or abs(time) >= 2**63 else time for time in one_by_one]
    assert rfc3339.many(stamps, NO_TIME).tolist() == fits


def test_a_time_beyond_64_bits_is_none() -> None:
    forged = [entry("x")]
    forged[0]["timestamp"] = "9999-12-31T23:59:59Z"
    assert _rows(forged).times.tolist() == _wire(forged).times.tolist() == [NO_TIME]


def test_times_of_this_test_are_where_they_seem() -> None:
    assert _rows([entry("x", at=1.5)]).times.tolist() == [START + 3 * SECOND // 2]
