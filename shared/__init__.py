"""Vocabulary and machines that every service uses; knows no scoring rule and no webhook policy."""
