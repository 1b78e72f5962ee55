"""States over time: new, recurring, escalating, regressed, quiet; and a service's silence.

Compares a window with history. Imports `ports`, `text` and `model`.
"""
