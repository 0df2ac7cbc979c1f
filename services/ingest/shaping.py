"""The last step of every wire shape: judged, attributed, and an Interaction."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.ingest.judge import MAX_USER_AGENT_LENGTH, judge
from services.ingest.recent import by_strength
from shared.errors import Refused
from shared.events import IDENTIFY, Interaction
from shared.identity import Identity

# A person has a handful of names; more at once is a list of people.
MAX_IDENTITIES = 20


def interaction(
    *,
    id: str,
    type: str,
    identities: Iterable[Identity],
    identities_field: str,
    occurred_at: datetime,
    received_at: datetime,
    source: str | None,
    campaign: str | None,
    properties: dict[str, Any],
    traits: dict[str, Any],
    user_agent: str | None,
) -> Interaction:
    """Return the interaction; raises Refused, naming `identities_field`, without or with too many identities.

    The user agent stays in the properties of what was done, so that a better judge can judge again.
    """
    ordered = by_strength(tuple(identities))
    if not 0 < len(ordered) <= MAX_IDENTITIES:
        raise Refused(
            "identities_count",
            f"An event names its person by 1 to {MAX_IDENTITIES} identities.",
            identities_field,
        )
    if user_agent and type != IDENTIFY:
        properties.setdefault("user_agent", user_agent[:MAX_USER_AGENT_LENGTH])
    return Interaction(
        id=id,
        type=type,
        identities=ordered,
        occurred_at=occurred_at,
        received_at=received_at,
        source=source or None,
        campaign=campaign or None,
        properties=properties,
        traits=traits,
        machine=judge(type, user_agent),
    )
