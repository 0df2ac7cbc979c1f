"""The types of webhook that a subscriber can ask for; one type has one shape for ever."""

from typing import Final, Literal

EventType = Literal[
    "lead.qualified",
    "lead.updated",
    "lead.sla.first_contact_breached",
    "lead.sla.contacts_breached",
    "lead.recycled",
    "profile.stage_changed",
    "webhook.test",
]

LEAD_QUALIFIED: Final[EventType] = "lead.qualified"
WEBHOOK_TEST: Final[EventType] = "webhook.test"
