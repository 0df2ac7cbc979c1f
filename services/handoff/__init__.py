"""Delivers leads to sales: one signed, retried, replayable delivery per webhook."""
