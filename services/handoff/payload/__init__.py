"""What a webhook says: one entry for each type, from the event to the bytes. Pure."""
