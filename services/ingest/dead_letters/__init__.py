"""Dead letters: what was refused or parked is listed, shown and replayed."""
