"""What a fault needs and this machine lacks."""


class Missing(Exception):
    """The message says how to get it; the caller decides whether that is a skip or a failure."""
