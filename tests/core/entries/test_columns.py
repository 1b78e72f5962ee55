"""Columns that lie one behind another are one column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.entries.columns import Chain


@given(st.lists(st.lists(st.binary(max_size=24)), max_size=5), st.integers(0, 5))
def test_a_chain_is_its_columns_one_behind_another(columns: list[list[bytes]], at: int) -> None:
    chain: Chain[bytes] = Chain([Chain([Chain(columns[:at]), Chain(columns[at:])]), []])
    expected = [part for parts in columns for part in parts]
    assert len(chain) == len(expected)
    assert list(chain) == [chain[at] for at in range(len(chain))] == expected
    with pytest.raises(IndexError):
        chain[len(chain)]
