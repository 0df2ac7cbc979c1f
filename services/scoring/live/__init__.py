"""Live scoring: batches from the log, the timer and corrections change profiles, scores and leads."""
