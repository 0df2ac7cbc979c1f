"""The story of Antonio, played over HTTP by a client that knows only the contract."""
