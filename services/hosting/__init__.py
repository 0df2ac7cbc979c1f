"""A process that hosts services: its machinery, its port, and a module for each service."""
