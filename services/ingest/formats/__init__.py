"""The formats in which trackers send events, each in a file of its own."""
