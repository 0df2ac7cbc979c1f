"""The tables: projections of the log, stored in SQLite or PostgreSQL."""
