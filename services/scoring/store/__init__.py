"""SQL on the tables of scoring, with a few statements per batch."""
