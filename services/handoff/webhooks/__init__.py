"""The rules of webhooks and their deliveries: filters, secrets, addresses, retries, the bulkhead. Pure."""
