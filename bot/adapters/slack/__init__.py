"""The Web API and the directory of people and channels. Imports `bot.core`."""
