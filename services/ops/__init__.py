"""What ops do from a terminal, over HTTP alone: a remote instance is managed like a local one."""
