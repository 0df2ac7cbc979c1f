"""Types of interactions that have a meaning of their own (DESIGN.md section 3)."""

from typing import Final

TOUCHES: Final = frozenset({
    "ad_view", "call", "email_bounce", "email_delivered", "email_sent", "offer_sent", "sms_delivered",
    "sms_sent",
})  # fmt: skip
"""What is done to a person, and not by one: never activity."""
