"""Types of interactions that have a meaning of their own (DESIGN.md section 3)."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

TOUCHES: Final = frozenset({
    "ad_view", "call", "email_bounce", "email_delivered", "email_sent", "offer_sent", "sms_delivered",
    "sms_sent",
})  # fmt: skip
"""What is done to a person, and not by one: never activity."""


class Effect(NamedTuple):
    """A trait that doing something sets, and its value."""

    trait: str
    value: Any


EFFECTS: Final[Mapping[str, Effect]] = {
    "email_unsubscribe": Effect("consent_email", False),
    "sms_stop": Effect("consent_sms", False),
    "purchase": Effect("lifecycle", "customer"),
}
"""What follows from an interaction, by its type; machines bring nothing about."""
