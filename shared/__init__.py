"""Vocabulary and machinery that all services use; without scoring rules and webhook policies."""
