"""The HTTP side of scoring."""
