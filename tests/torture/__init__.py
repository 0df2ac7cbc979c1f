"""Fault injection on real parts: events are posted while something fails, and then the tables are compared.

`python -m tests.torture` (or `make torture`) prints a table; test_faults.py is a short version of it.
"""
