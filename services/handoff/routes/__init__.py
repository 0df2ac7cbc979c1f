"""The hand-off over HTTP: webhooks, their deliveries, and leads."""
