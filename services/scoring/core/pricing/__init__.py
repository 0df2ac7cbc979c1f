"""Pricing: what counts and traits are worth under a matrix on a day, and when that makes a lead."""
