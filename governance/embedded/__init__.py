"""The embedded default: PostgreSQL, web server, worker and beat, started and stopped by one command.

Nothing in here imports Django, and nothing in Edgewise imports this package: with DATABASE_URL and BROKER_URL set,
the same processes run against servers of one's own (docs/operations.md).
"""
