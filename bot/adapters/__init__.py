"""One folder an outside system, translating its errors into ours; none imports another.

Each implements the Protocols of `bot.core.ports`. Imports `bot.core`.
"""
