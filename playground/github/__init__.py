"""The GitHub stand-in: REST and GraphQL methods, search, and the state they change."""
