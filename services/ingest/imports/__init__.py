"""Importers: interactions from before Flipline was installed, posted through the same public API."""
