"""Ingest: events come in over HTTP and are appended to the log as interactions."""
