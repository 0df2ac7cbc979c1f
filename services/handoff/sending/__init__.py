"""Sending: claims due deliveries, checks each address, posts, and records the attempts."""
