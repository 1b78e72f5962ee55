"""Parts of a text, cut when they are asked for, and what is told of all of them at once."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.entries.slices import PADDING, Chain, Slices

_PARTS = st.lists(
    st.one_of(
        st.binary(max_size=24),
        st.sampled_from([b"", bytes(8), bytes(9), b"x" * 31, b"x" * 32, b"x" * 33, b"x" * 300]),
    )
)


def _slices(parts: list[bytes]) -> Slices:
    sizes = np.fromiter(map(len, parts), np.int64, len(parts))
    ends = sizes.cumsum()
    return Slices(b"".join(parts) + PADDING, ends - sizes, ends)


@given(_PARTS)
def test_parts_are_what_they_were_cut_from(parts: list[bytes]) -> None:
    slices = _slices(parts)
    assert len(slices) == len(parts)
    assert list(slices) == [slices[at] for at in range(len(parts))] == parts


@given(_PARTS)
def test_orders_are_the_same_as_when_told_one_by_one(parts: list[bytes]) -> None:
    assert _slices(parts).crc32().tolist() == [zlib.crc32(part) for part in parts]


@given(_PARTS, _PARTS)
def test_hashes_depend_on_the_part_and_not_on_its_neighbours(
    parts: list[bytes], others: list[bytes]
) -> None:
    hashes = _slices([*others, *parts]).hashes()[len(others) :].tolist()
    assert hashes == _slices(parts).hashes().tolist()
    assert len(set(hashes)) == len(set(parts))


def test_names_that_differ_in_few_places_have_hashes_of_their_own() -> None:
    signs = b"0123456789abcdefghijklmnopqrstuvwxyz"
    alike = [
        b"a" * 7 + bytes([one]) + b"aaa" + bytes([two]) + b"aaa" + bytes([three])
        for one in signs for two in signs for three in signs
    ]  # fmt: skip
    counted = [b"%016d" % number for number in range(0, 10**8, 997)]
    for names in (alike, counted):
        assert len(set(_slices(names).hashes().tolist())) == len(names)


@given(st.lists(_PARTS, max_size=5), st.integers(0, 5))
def test_a_chain_is_its_columns_one_behind_another(columns: list[list[bytes]], at: int) -> None:
    slices = [_slices(parts) for parts in columns]
    chain: Chain[bytes] = Chain([Chain([Chain(slices[:at]), Chain(slices[at:])]), []])
    expected = [part for parts in columns for part in parts]
    assert len(chain) == len(expected)
    assert list(chain) == [chain[at] for at in range(len(chain))] == expected
    with pytest.raises(IndexError):
        chain[len(chain)]
