"""What is allowed in a matrix and probably wrong, one family of oddities per module. Pure."""
