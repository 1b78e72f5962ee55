"""The Slack stand-in: Web API, Socket Mode, Block Kit's rules, people and channels."""
