"""A Rollup that was redacted, written and read again: the same report, and it merges the same."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.clusters.clusters import clusters
from bot.core.clusters.incidents import incidents
from bot.core.entries.json_rows import of_json
from bot.core.model.codec import CodecError
from bot.core.model.values import Severity, Window
from bot.core.rollup import codec
from bot.core.rollup.for_keeping import redact_all
from bot.core.rollup.intake import Intake
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.subjects import Subjects
from bot.core.rollup.tally import DEFAULT, Bounds
from tests.core.logs import entry
from tests.core.rollup.test_intake import ALL, TIGHT, _entries

LEVELS = [Severity.DEFAULT, Severity.WARNING, Severity.ERROR]


def hide(value: str) -> str:
    return f"#{zlib.crc32(value.encode()):08x}"


def counted(entries, least=Severity.WARNING, bounds=DEFAULT, window: Window = ALL) -> Rollup:
    rollup = Rollup(least, bounds=bounds, named=Subjects(hide=hide))
    intake = Intake(window, rollup)
    intake.add(of_json(entries, range(len(entries))))
    intake.flush()
    return rollup


def stored(rollup: Rollup) -> bytes:
    redact_all(rollup)
    return codec.pack(*codec.encode(rollup))


def read(data: bytes, bounds: Bounds = DEFAULT) -> Rollup:
    return codec.decode(*codec.unpack(data), bounds, Subjects(hide=hide))


def shown(rollup: Rollup):
    """All that a report says of its clusters."""
    rollup = rollup.stitched()
    drafts = clusters(rollup)
    return (
        [
            (d.id, d.template, d.title, d.sample, d.edges, d.location, d.is_end, d.tally.count,
             d.tally.occurrences, d.tally.severity, d.tally.hours, d.tally.places, d.tally.moments,
             d.tally.routes, d.tally.traces, d.tally.estimated, d.swallowed)
            for d in drafts
        ],
        incidents(drafts, rollup.place_spans),
        rollup.below, +rollup.severities, rollup.places, +rollup.requests,
    )  # fmt: skip


@settings(max_examples=40)
@given(_entries(), st.sampled_from(LEVELS), st.sampled_from([DEFAULT, TIGHT]))
@example([entry("ERROR: token: hunter22", "ERROR")], Severity.ERROR, DEFAULT)
def test_a_stored_rollup_shows_what_the_read_one_shows(entries, least, bounds):
    whole = shown(counted(entries, least, bounds))
    data = stored(counted(entries, least, bounds))
    assert shown(read(data, bounds)) == whole
    assert stored(read(data, bounds)) == data


@settings(max_examples=40)
@given(_entries(), st.sampled_from(LEVELS), st.integers(0, 2**32), st.integers(1, 4))
def test_stored_parts_merge_to_the_whole(entries, least, seed, parts):
    whole = stored(counted(entries, least))
    shuffled = entries[:]
    random.Random(seed).shuffle(shuffled)
    merged = Rollup(least, named=Subjects(hide=hide))
    for i in range(parts):
        merged.merge(read(stored(counted(shuffled[i::parts], least))))
    assert stored(merged) == whole


@pytest.mark.parametrize("least", LEVELS)
def test_a_real_service_shows_the_same_from_parts(cloud_run, least):
    entries = [dict(one) for one in cloud_run]
    whole = shown(counted(entries, least))
    merged = Rollup(least, named=Subjects(hide=hide))
    for i in range(7):
        merged.merge(read(stored(counted(entries[i::7], least))))
    assert shown(merged) == whole


SECRETS = ["hunter22secret", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "mail@example.org", "4d5b8e21c0"]


def leaky():
    """Entries that hold secrets in every place where a Rollup keeps an entry whole."""
    yield entry(f"ERROR login with password={SECRETS[0]}", "ERROR")
    yield entry(f"created user {SECRETS[2]} from JWT", "ERROR", 1)
    yield entry("Traceback (most recent call last):", "ERROR", 2)
    yield entry('  File "/app/a.py", line 3, in f', "ERROR", 2.01)
    yield entry("    -----BEGIN RSA PRIVATE KEY-----", "ERROR", 2.02)
    yield entry(f"    {SECRETS[1][:20]}", "ERROR", 2.03)
    yield entry("    -----END RSA PRIVATE KEY-----", "ERROR", 2.04)
    yield entry(f"ValueError: api_key={SECRETS[3]}aa", "ERROR", 2.05)
    yield entry(f"starting with token={SECRETS[0]}", "INFO", 3)
    yield entry("Container called exit(1).", "ERROR", 4)


LEAKY = list(leaky())


def test_no_secret_reaches_the_bytes_and_the_clusters_stay_the_same():
    data = stored(counted(LEAKY))
    head, blob = codec.unpack(data)
    inside = repr(head).encode() + blob
    for secret in (SECRETS[0], SECRETS[1][:20], SECRETS[2], SECRETS[3]):
        assert secret.encode() not in inside, secret

    def without_entries(found):
        # The lines of the key are empty lines in the entry that is shown.
        return [(*each[:3], *each[5:]) for each in found[0]]

    assert without_entries(shown(read(data))) == without_entries(shown(counted(LEAKY)))


def test_a_user_whose_address_is_hidden_is_still_the_same_user():
    entries = [entry(f"created user {u}@x.org from JWT", "ERROR", i) for i, u in enumerate("aab")]
    merged = read(stored(counted(entries[:1])))
    merged.merge(read(stored(counted(entries[1:]))))
    (masked,) = {m for m, _, _ in merged.named.items()}
    assert sorted(map(len, merged.named.of(masked).values())) == [1, 2]
    assert all("***" in value for _, value in merged.named.of(masked))


@settings(max_examples=25)
@given(st.data())
def test_garbage_and_what_was_cut_is_refused_and_never_half_read(data):
    good = stored(counted(LEAKY))
    at = data.draw(st.integers(0, len(good) - 1))
    with pytest.raises(CodecError):
        read(good[:at])
    with pytest.raises(CodecError):
        read(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("counted", [[0, 500, [500, 1, 99, None, "i", 0, 0]]]),
        ("counted", [[0, 501, {}]]),
        ("raws", [1]),
        ("places", [["a"]]),
        ("keys", [["no kind", "", ""]]),
        ("below", True),
        ("min", None),
        ("fragments", [[1]]),
        ("named", 3),
    ],
)
def test_a_head_with_a_mistake_is_refused(field, value):
    head, blob = codec.unpack(stored(counted(LEAKY)))
    with pytest.raises(CodecError):
        codec.decode({**head, field: value}, blob, DEFAULT, Subjects())
    with pytest.raises(CodecError):
        codec.decode({k: v for k, v in head.items() if k != field}, blob, DEFAULT, Subjects())
