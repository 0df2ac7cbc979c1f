"""Processes of `flipline` for tests, which start in a fraction of the time that a new interpreter needs."""
