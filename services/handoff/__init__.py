"""Hands qualified leads to those who sell: one signed, retried, replayable delivery per subscriber."""
