"""Ingest over HTTP: the tracking paths, from the first byte of a request to its answer."""
