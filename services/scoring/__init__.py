"""Scoring: counts interactions, prices the counts under the matrix, and makes leads of profiles that flip."""
