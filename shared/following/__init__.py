"""Following a topic: messages and position in one transaction, and what happens to a bad message."""
