"""What is broken, hostile or no log: bounded, counted, and one sentence that says what to do."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest

from bot.adapters.files.log_file import LogFile
from bot.core.analysis.reading import MEMBERS, read_all, refuse_nothing_readable
from bot.core.model.errors import InputError
from tests.core.logs import said


@pytest.fixture
def reading(tmp_path):
    def reading(content: bytes):
        path = tmp_path / "log"
        path.write_bytes(content)
        found = read_all(LogFile(str(path)), MEMBERS)
        refuse_nothing_readable(found)
        return found

    return reading


def _zip(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.json", content)
    return out.getvalue()


GOOD = json.dumps(said("fine", "ERROR")).encode()
ROW = "{},ERROR,2026-05-04T10:00:00Z,{}\n"


def test_a_broken_row_of_a_csv_spoils_no_other(reading):
    rows = [ROW.format(i, f'"failed, ""{i}"""') for i in range(2_000)]
    rows[3] = '3,ERROR,"2026-05-04T10:00:00Z,failed\n'
    rows[7] = "7,ERROR\n"
    found = reading(("insertId,severity,timestamp,textPayload\n" + "".join(rows)).encode())
    assert (found.read, found.broken) == (2_000, 2)


def test_a_bomb_of_yaml_aliases_is_one_broken_entry(reading):
    bomb = 'a0: &a0 ["x"]\n' + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
    )
    merges = "jsonPayload: &m {a: 1}\nx: &n {<<: [*m, *m]}\n"
    recursive = "textPayload: x\nlabels: &l [*l]\n"
    good = 'insertId: "1"\ntextPayload: it failed\n'
    deep = "textPayload: " + "[" * 50_000 + "\n"
    documents = [good, bomb, merges, recursive, deep, "!!python/x y\n", good]
    found = reading("---\n".join(documents).encode())
    assert found.read == 7
    assert found.broken in (4, 5)


def test_a_document_of_yaml_that_is_too_long_is_broken(reading):
    good = b"textPayload: it failed\n---\n"
    found = reading(good + b"textPayload: " + b"x" * 3_000_000 + b"\n---\n" + good)
    assert (found.read, found.broken) == (3, 1)


def test_bombs_are_refused(reading):
    bomb = b" " * (80 * 1024 * 1024)
    for packed in (gzip.compress(bomb), _zip(a=bomb)):
        with pytest.raises(InputError, match="200 times its size"):
            reading(packed)


def test_a_zip_that_is_a_bomb_is_refused_before_its_lines_are_read(reading):
    bomb = b'{"textPayload": "it failed"}\n' * 3_000_000
    with pytest.raises(InputError, match="200 times its size"):
        reading(_zip(a=bomb))


def test_a_thousand_unknown_envelopes_are_one_sentence(reading):
    unknown = b"".join(b'{"k%d": {"x": 1}}\n' % i for i in range(1_000))
    with pytest.raises(InputError, match=r"None of 1,000 lines is a log entry"):
        reading(unknown)
    found = reading(unknown + GOOD)
    assert found.broken == 1_000


def test_a_zip_of_two_files_names_them(reading):
    with pytest.raises(InputError, match=r"zip of 2 files \(a.json, b.json\)"):
        reading(_zip(a=GOOD, b=GOOD))
    with pytest.raises(InputError, match="without a file"):
        reading(_zip())
    with pytest.raises(InputError, match="damaged zip"):
        reading(_zip(a=GOOD)[:-30])


def test_gzip_that_is_cut_gives_what_came_before(reading):
    lines = b"\n".join(json.dumps(said(f"m{i * 7919}")).encode() for i in range(20_000))
    packed = gzip.compress(lines)
    found = reading(packed[: len(packed) // 2])
    assert found.read > 1_000
    assert any("cut off" in note for note in found.notes)
    with pytest.raises(InputError, match="cannot be unpacked"):
        reading(packed[:11])


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_utf_16_cut_in_the_middle_of_a_letter(reading, cut):
    lines = "\n".join(
        json.dumps(said(f"gr\u00fc\u00dfe {i}"), ensure_ascii=False) for i in range(9)
    )
    found = reading(lines.encode("utf-16")[:-cut])
    assert (found.read, found.broken) == (9, 1)


@pytest.mark.parametrize("start", [b"", b"2026-05-04 10:00:00 failed ", b'{"textPayload": "'])
def test_a_megabyte_without_a_newline(reading, start):
    content = start + b"x" * 1_000_000
    if start.startswith(b"2026"):
        assert reading(content).read == 1
    else:
        with pytest.raises(InputError, match="log entry"):
            reading(content)


def test_a_thousand_unknown_envelopes(reading):
    lines = b"\n".join(json.dumps({f"k{i}": i, "of": "x"}).encode() for i in range(1_000))
    with pytest.raises(InputError, match=r"None of 1,000 .*--format=json > entries.json"):
        reading(lines)


def test_text_in_shift_jis_is_read_and_said(reading):
    text = "2026-05-04 10:00:00 ERROR \u63a5\u7d9a\u3067\u304d\u307e\u305b\u3093\n" * 3
    found = reading(text.encode("shift_jis"))
    assert found.read == 3
    [note] = found.notes
    assert "3 lines are not UTF-8" in note
    assert "iconv" in note


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PAR1\x00\x00\x15\x04", "not a text file"),
        (b"<!DOCTYPE html><title>Sign in</title>", "HTML"),
        (b"\xfd7zXZ\x00\x00", "unxz"),
        (b"buy milk\ncall Ana\n", "None of 2 lines"),
    ],
)
def test_what_is_no_log_is_named(reading, content, words):
    with pytest.raises(InputError, match=words):
        reading(content)
