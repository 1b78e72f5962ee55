"""Which line of the repository logs a message, and who owns that line.

Imports `entries`, `text` and `model`.
"""
