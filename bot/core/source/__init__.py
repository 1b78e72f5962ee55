"""Finds the line of the repository that logs a message, and the owners of that line.

Imports `entries`, `text` and `model`.
"""
