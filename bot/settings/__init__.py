"""The only reader of the environment and of gardener.toml. Imports `bot.core`."""
