"""The operators of conditions: a table in which an entry says all that is particular to an operator. Pure."""
