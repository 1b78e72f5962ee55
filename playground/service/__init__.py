"""The sample service whose log the playground shows."""
