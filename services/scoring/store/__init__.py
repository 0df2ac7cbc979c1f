"""The tables of scoring, a few statements a batch."""
