"""SQL of a rebuild: the copy of the live tables, the rebuilt tables, and what is read of both."""
