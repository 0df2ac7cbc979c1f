"""The matrix of a model: checked, compared, and searched for probable mistakes. Pure."""
