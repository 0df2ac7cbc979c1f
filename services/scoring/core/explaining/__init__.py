"""Explaining: why a score is what it is, and what would have to happen to reach the flip number."""
