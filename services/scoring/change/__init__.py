"""Changing the matrix safely: previewed, prepared beside live scoring, activated at one instant."""
