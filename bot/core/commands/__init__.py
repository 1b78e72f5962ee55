"""The commands after /gardener, and who may use them.

The commands as values, the parser, time windows, suggestions for typing errors, and the access
rules. Imports `text` and `model`.
"""
