"""The vocabulary: the known types of interactions, the touches, and the effects on traits.

The vocabulary is open: trackers may post any other type, which then is something that a person did.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from shared.countable import Countable
from shared.events import ADJUSTMENT, IDENTIFY

TOUCHES: Final = frozenset({
    "email_sent", "email_delivered", "email_bounce", "sms_sent", "sms_delivered", "offer_sent", "call",
    "ad_view",
})  # fmt: skip
"""Types of what is done to a person. Touches are stored, shown and reported, but are never activity."""

KNOWN_TYPES: Final = TOUCHES | {
    "visit", "download", "like", "comment", "reply", "share", "follow", "mention", "review", "group_join",
    "email_open", "email_click", "email_unsubscribe", "email_reply", "newsletter_signup", "form_submit",
    "survey_response", "webinar_attend", "trial_start", "purchase", "refund", "complaint", "sms_click",
    "sms_reply", "sms_stop",
}  # fmt: skip
"""The types that have a meaning of their own to Flipline."""

NEVER_COUNTED: Final = frozenset({IDENTIFY, ADJUSTMENT})
"""Types of events that are neither an interaction nor a touch; no rule reads them."""

NO_ACTIVITY: Final = NEVER_COUNTED | TOUCHES
"""Types of events that are not something a person did."""


class Effect(NamedTuple):
    """A trait that an interaction sets, and its value."""

    trait: str
    value: Any


EFFECTS: Final[Mapping[str, Effect]] = {
    "email_unsubscribe": Effect("consent_email", False),
    "sms_stop": Effect("consent_sms", False),
    "purchase": Effect("lifecycle", "customer"),
}
"""The effect of an interaction on a trait, by its type; an interaction of a machine has none."""


def is_activity(interaction: Countable) -> bool:
    """Return whether the interaction is something that a human did."""
    return interaction.machine is None and interaction.type not in NO_ACTIVITY


def is_effective(interaction: Countable) -> bool:
    """Return whether the interaction has an effect on a trait."""
    return interaction.type in EFFECTS and interaction.machine is None
