"""States over time: new, recurring, escalating, regressed, quiet; and how long clusters are quiet.

Compares a window with history. Imports `ports`, `text` and `model`.
"""
