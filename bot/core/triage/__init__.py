"""Priorities P0 to P9, each with its reasons: the rules, the weights and a team's own rules.

Imports `clusters`, `trends`, `rollup`, `entries`, `text` and `model`.
"""
