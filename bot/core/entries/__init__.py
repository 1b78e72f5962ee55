"""Log entries in columns (`Rows`), and the interpretation of one entry (`understand`).

Derives severity, kind, message and location from an entry's fields, whichever library wrote them.
Imports `text` and `model`.
"""
