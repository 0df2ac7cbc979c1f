"""The formats of access logs, each a pure reader from a line to a request, and what a request means."""
