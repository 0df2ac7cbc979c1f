"""Counting: what interactions add to the counts, and the counts of many profiles as columns."""
