"""Values → Block Kit and the mandatory fallback text. No I/O.

Slack's limits, escaping and the ids of buttons live here. May import `bot.core`; no adapter.
"""
