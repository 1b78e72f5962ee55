"""Slack payload → request value → queue. No decisions: a worker makes those.

Acknowledges within Slack's three seconds. May import `blocks`, `bot.wiring`, `bot.job_names` and
what stands below them; not `bot.jobs`.
"""
