"""The types of webhook that a subscriber can ask for; one type has one shape for ever.

Who asks for none in particular gets every type, those that are not yet sent too.
"""

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
STAGE_CHANGED: Final[EventType] = "profile.stage_changed"
WEBHOOK_TEST: Final[EventType] = "webhook.test"
