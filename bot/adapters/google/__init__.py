"""Cloud Logging, Cloud Monitoring and the audit log. Imports `bot.core`."""
