"""The log: the truth that every table is a projection of."""
