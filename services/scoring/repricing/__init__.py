"""Pricing every profile anew, whatever is stored of its scores."""
