"""What one string says, and how a string is shown to people.

Redaction, masks, level headers, tracebacks and access lines read text; `display` and
`github_markdown` write it. Knows nothing of log entries. Imports `model`.
"""
