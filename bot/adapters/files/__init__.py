"""Log entries from files and pipes. Imports `bot.core`."""
