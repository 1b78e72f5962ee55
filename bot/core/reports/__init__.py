"""What a Report becomes: digest, worklog, JSON, and the diff of two revisions.

Imports `expected`, `trends`, `commands`, `ports`, `text` and `model`.
"""
