"""Profiles: which identities belong together, and what is known about the person behind them."""
