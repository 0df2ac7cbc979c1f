"""Renewing the tables: built anew from the log beside the live ones, then put into their place."""
