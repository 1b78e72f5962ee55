"""The store, the queue and the embedded server. Imports `bot.core`."""
