"""Persons and scores by definition: slow, plain, and without a line of the product."""
