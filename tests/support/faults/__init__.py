"""Faults of real parts; each lasts as long as a block runs.

The tests and `make torture` use the same ones. None of them depends on pytest.
"""
