"""What a fault takes and this machine does not have."""


class Missing(Exception):
    """It says how to get it; whether that is a skip or a failure is for the caller to say."""
