"""The embedded server: starts it, repairs its append-only file, ends it. Imports `bot.core`."""
