"""The forms of names and ids that come from outside, for all who check or store them."""

from typing import Final

SLUG_PATTERN: Final = r"^[a-z][a-z0-9_]{0,63}$"
"""Names that ops give: models, rules, stages."""

ID_PATTERN: Final = r"^[A-Za-z0-9_.:-]{1,128}$"
"""Ids of events, letters, leads and deliveries; those of events come from outside."""

MAX_NAME_LENGTH: Final = 128
"""The most characters in the name of a type, property or trait, and in a path of a condition to one.

Names are parts of index keys, which PostgreSQL limits to 2,704 bytes.
"""
