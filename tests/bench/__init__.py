"""The paths of DESIGN.md section 9, each measured beside its floor: `python -m tests.bench --help`."""
