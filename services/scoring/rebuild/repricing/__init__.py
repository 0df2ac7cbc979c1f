"""Pricing every profile again, whatever scores are stored."""
