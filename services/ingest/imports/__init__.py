"""Importers: what happened before Flipline was there, posted through the same public door."""
