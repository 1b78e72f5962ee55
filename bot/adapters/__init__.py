"""One folder per outside system; each translates that system's errors into ours.

Each implements the Protocols of `bot.core.ports`. Imports `bot.core`, and no other adapter.
"""
