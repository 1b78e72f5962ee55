"""Reads the environment and gardener.toml; nothing else does. May import `bot.core`."""
