"""Renewing the tables: rebuilt from the log beside the live tables, then swapped in."""
