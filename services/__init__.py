"""The three services and the processes that host them."""
