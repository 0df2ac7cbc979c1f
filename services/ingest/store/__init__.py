"""Ingest's statements on tables."""
