"""Slack payload → request value → queue. No decisions."""
