"""The commands of `gardener`, one file each. May import all but `handlers` and `bot.jobs`."""
