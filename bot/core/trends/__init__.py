"""States over time: new, recurring, escalating, regressed, quiet; quiet clusters, silent services.

Compares a window with history. Imports `rollup`, `ports`, `text` and `model`.
"""
