"""The HTTP door, attacked with raw sockets."""
