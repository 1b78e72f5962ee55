"""Slack payload → request value → use case → blocks → Slack. No decisions."""
