"""The types of webhook that a subscriber can ask for; one type has one shape for ever.

Who asks for none in particular gets all about leads, types that are not yet sent too. Changes of stage are
many and lead to nothing by themselves, so they go only to those who ask for them by name.
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
ONLY_WHEN_ASKED_FOR: Final[EventType] = STAGE_CHANGED
WEBHOOK_TEST: Final[EventType] = "webhook.test"
