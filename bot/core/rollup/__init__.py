"""Counts log entries into a Rollup, which can be merged.

`Rollup.merge` is associative and commutative, so any split of the entries gives the same value.
Imports `entries`, `text` and `model`.
"""
