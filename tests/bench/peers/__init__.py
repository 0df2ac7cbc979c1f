"""The fold beside another way to build it, on the same broker and events: `python -m tests.bench.peers`."""
