"""Rollup → clusters → incidents, and the ids that outlive a run.

Imports `rollup`, `ports`, `entries`, `text` and `model`.
"""
