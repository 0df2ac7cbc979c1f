"""Floors: the least that could do the same job, each as a process of its own."""
