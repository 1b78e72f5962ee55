"""Log entries as columns (`Rows`), and what one entry means.

Turns an entry's fields into severity, kind, message and location, whatever wrote them. Imports
`text` and `model`.
"""
