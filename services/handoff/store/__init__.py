"""SQL on the tables; functions use the caller's connection and leave the commit to its unit of work."""
