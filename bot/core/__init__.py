"""What Gardener knows about logs, as values and pure functions.

No Slack, Redis, Google, GitHub, clock or environment: what the core needs from outside it asks of
the Protocols in `ports`. The packages form a pipeline, and each imports only those before it:
`model`, `text`, `entries` and `commands`, `rollup`, `source` and `ports`, `clusters` and `trends`,
`triage` and `expected`, `analysis` and `reports`, `issues`.
"""
