"""The hand-off over HTTP: subscriptions, their deliveries, and leads."""
