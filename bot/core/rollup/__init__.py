"""Counting log entries into a Rollup that merges.

`Rollup.merge` is associative and commutative, so any split of the entries gives the same value.
Imports `entries`, `text` and `model`.
"""
