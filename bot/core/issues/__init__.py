"""GitHub issues: their text, related ones, filing exactly once, and keeping in sync.

Imports `reports`, `source`, `trends`, `ports`, `text` and `model`.
"""
