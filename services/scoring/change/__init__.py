"""Changing the matrix without fear: previewed, prepared beside live scoring, activated at one instant."""
