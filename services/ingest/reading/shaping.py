"""The last step of every wire shape: judge and attribute an event, and make it an Interaction."""

from datetime import datetime
from typing import Any

from services.ingest.reading.accepted import Accepted, NamedIdentities
from services.ingest.reading.judge import MAX_USER_AGENT_LENGTH, judge
from services.ingest.reading.recent import by_strength
from shared.errors import Refused
from shared.events import IDENTIFY, Interaction

# A person has a handful of identities; more at once are a list of people.
MAX_IDENTITIES = 20


def accepted(
    *,
    id: str,
    type: str,
    names: NamedIdentities,
    identities_field: str,
    occurred_at: datetime,
    received_at: datetime,
    source: str | None,
    campaign: str | None,
    properties: dict[str, Any],
    traits: dict[str, Any],
    user_agent: str | None,
) -> Accepted:
    """Return the interaction; raises Refused, naming `identities_field`, without or with too many identities.

    The user agent stays in the properties, so that a later version can judge it again.
    """
    ordered = by_strength(tuple(names.found))
    if not 0 < len(ordered) <= MAX_IDENTITIES:
        raise _miscounted(names, identities_field)
    if user_agent and type != IDENTIFY:
        properties.setdefault("user_agent", user_agent[:MAX_USER_AGENT_LENGTH])
    event = Interaction(
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
    return Accepted(event, tuple(names.left_out))


def _miscounted(names: NamedIdentities, field: str) -> Refused:
    message = f"An event has 1 to {MAX_IDENTITIES} identities of one person."
    if not names.found and names.left_out:
        first = names.left_out[0]
        return Refused(
            "identities_count",
            f"{message} This event has none that can be used. {first.message}",
            first.field,
        )
    return Refused("identities_count", message, field)
