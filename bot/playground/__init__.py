"""The local Slack and GitHub stand-ins and their page."""
