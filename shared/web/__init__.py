"""What all HTTP services have in common: authentication, lists, cursors, problems, the API's description."""
