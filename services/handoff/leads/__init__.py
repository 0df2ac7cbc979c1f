"""Leads: taken in from the log, sorted, and the models that they belong to."""
