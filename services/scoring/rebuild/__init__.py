"""Rebuild and compare: the tables are rebuilt from the log beside the live ones, which are only read."""
