"""One file a command of `gardener`. May import everything but `handlers` and `bot.jobs`."""
