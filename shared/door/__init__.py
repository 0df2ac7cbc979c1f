"""The door in front of the application: limits on size, time and number of HTTP requests."""
