"""Faults that befall real parts, each brought about for as long as a block runs.

The tests and `make torture` use the same ones. None of them depends on pytest.
"""
