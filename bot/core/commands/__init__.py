"""What a person may type after /gardener, and who may.

The commands as values, the parser, the windows of time, the suggestions for typing errors, and the
access rules. Imports `text` and `model`.
"""
