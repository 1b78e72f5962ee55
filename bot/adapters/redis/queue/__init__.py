"""The queue: RQ under the keys of this installation, lost jobs, and the queue of version 0.1.

Imports `bot.core` and `bot.adapters.redis`.
"""
