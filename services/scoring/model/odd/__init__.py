"""What is allowed in a matrix and hardly meant, one family of oddities a module. Pure."""
