"""One module a row of the table in README."""
