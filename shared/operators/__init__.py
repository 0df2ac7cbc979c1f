"""The operators of conditions: a table in which each entry describes one operator completely. Pure."""
