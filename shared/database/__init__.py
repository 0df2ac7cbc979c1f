"""The tables: projections of the log, kept in SQLite or PostgreSQL."""
