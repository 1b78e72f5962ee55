"""Parsing one log message, and formatting text for people.

Redaction, masks, level headers, tracebacks and access lines parse text; `display` and
`github_markdown` format it. Knows nothing of log entries. Imports `model`.
"""
