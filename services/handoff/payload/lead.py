"""A lead as its webhooks send it: enough to act on without calling back."""

from datetime import UTC, datetime
from typing import Any, Final, Literal

from services.handoff.payload.notice import Notice
from services.handoff.payload.person import company_of, person_of
from services.handoff.payload.trimming import MAX_DATA_BYTES, size, traits_within, within
from shared.events import LeadQualified, Reason
from shared.identity import current

LeadStatus = Literal["open", "won", "lost", "disqualified", "recycled"]
OPEN: Final[LeadStatus] = "open"

# The part of MAX_DATA_BYTES for each list. Person, company, offer and the rest are clipped to less than 6 kB
# in all; traits get what remains.
MAX_REASONS_BYTES = 7_000
MAX_IDENTITIES_BYTES = 4_000


def iso(at: datetime) -> str:
    """Write an instant as ISO 8601 with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def lead_notice(event: LeadQualified) -> Notice:
    """Return the notice of a new lead."""
    return Notice(
        message_id=event.id,
        model=event.model,
        lead_id=event.lead_id,
        happened_at=event.qualified_at,
        data=lead_data(event),
    )


def lead_data(event: LeadQualified) -> dict[str, Any]:
    """Return the `data` of a lead's webhook as plain JSON values.

    What does not fit is left out and `truncated` is true: the reasons with the fewest points, the weakest
    identities, the largest traits.
    """
    whole = _facts(event) | {
        "reasons": [_reason(reason) for reason in event.reasons],
        "identities": [{"kind": kind, "value": value} for kind, value in current(event.identities)],
        "traits": dict(event.traits),
        "truncated": False,
    }
    return whole if size(whole) <= MAX_DATA_BYTES else _trimmed(whole)


def _facts(event: LeadQualified) -> dict[str, Any]:
    return {
        "lead_id": event.lead_id,
        "cycle": event.cycle,
        "profile_id": event.profile_id,
        "model": event.model,
        "version": event.version,
        "audience": event.audience,
        "campaign": event.campaign,
        **_offer(event),
        "score": event.score,
        "flip_number": event.flip_number,
        "crossed_on": event.crossed_on,
        "qualified_at": iso(event.qualified_at),
        "person": person_of(event.traits, event.identities),
        "company": company_of(event.traits),
        "links": {
            "lead": f"/v1/leads/{event.lead_id}",
            "profile": f"/v1/profiles/{event.profile_id}",
            "score": f"/v1/profiles/{event.profile_id}/scores/{event.model}?version={event.version}",
        },
    }


def _offer(event: LeadQualified) -> dict[str, Any]:
    if event.offer is None:
        return {}
    return {"offer": {"name": event.offer.name, "coupon": event.offer.coupon}}


def _reason(reason: Reason) -> dict[str, Any]:
    return {"rule": reason.rule, "label": reason.label, "points": reason.points, "count": reason.count}


def _trimmed(whole: dict[str, Any]) -> dict[str, Any]:
    weightiest_first = sorted(whole["reasons"], key=lambda reason: -abs(reason["points"]))
    fitting = within(weightiest_first, MAX_REASONS_BYTES)
    lists = {
        "reasons": [reason for reason in whole["reasons"] if reason in fitting],
        "identities": within(whole["identities"], MAX_IDENTITIES_BYTES),
        "traits": {},
        "truncated": True,
    }
    remaining = MAX_DATA_BYTES - size(whole | lists)
    return whole | lists | {"traits": traits_within(whole["traits"], remaining)}
