"""The log: the source of truth. Every table is a projection of it."""
