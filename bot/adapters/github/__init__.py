"""Issues, commits, ancestry and tarballs. Imports `bot.core`."""
