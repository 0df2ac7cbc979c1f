"""Rows in and out; every function takes the caller's connection and leaves the commit to its unit."""
