"""What ops write: the matrix of a model, checked, compared and held against what anyone can reach. Pure."""
