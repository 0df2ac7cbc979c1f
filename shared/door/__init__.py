"""The door in front of the application: how much, how long and how many may come in over HTTP."""
