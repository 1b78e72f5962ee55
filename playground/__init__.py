"""A local Slack, GitHub and Cloud Logging, a sample service, and the page that shows them.

Speaks to the bot over loopback only, as the real services do. Imports nothing of ours; only
`bot.cli` starts it.
"""
