"""What ops does from a terminal, over HTTP alone: an instance elsewhere is tuned like the one here."""
