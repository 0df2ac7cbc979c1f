"""The paths of the table in README, each measured beside its floor: `python -m tests.bench --help`."""
