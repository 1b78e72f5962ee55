"""The long-running processes: web, worker, clock, and `up`. May import everything below."""
