"""Ingest: what people do comes in over HTTP and stands on the log as interactions."""
