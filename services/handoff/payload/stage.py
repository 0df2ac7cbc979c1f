"""A change of stage as its webhooks send it: the profile, both stages, and the model."""

from typing import Any

from services.handoff.payload.lead import iso
from services.handoff.payload.notice import Notice
from services.handoff.payload.trimming import MAX_DATA_BYTES, size, within
from shared.events import StageChanged
from shared.identity import current


def stage_notice(event: StageChanged) -> Notice:
    """Return the notice of a change of stage, which belongs to no lead."""
    return Notice(
        message_id=event.id,
        model=event.model,
        lead_id=None,
        happened_at=event.changed_at,
        data=stage_data(event),
    )


def stage_data(event: StageChanged) -> dict[str, Any]:
    """Return the `data` of a change of stage as plain JSON values; a stage of None is below all of them.

    The weakest identities are left out if they do not fit, and `truncated` is then true.
    """
    whole = _facts(event) | {
        "identities": [{"kind": kind, "value": value} for kind, value in current(event.identities)],
        "truncated": False,
    }
    return whole if size(whole) <= MAX_DATA_BYTES else _trimmed(whole)


def _facts(event: StageChanged) -> dict[str, Any]:
    return {
        "profile_id": event.profile_id,
        "model": event.model,
        "version": event.version,
        "before": event.before,
        "after": event.after,
        "score": event.score,
        "changed_at": iso(event.changed_at),
        "links": {
            "profile": f"/v1/profiles/{event.profile_id}",
            "score": f"/v1/profiles/{event.profile_id}/scores/{event.model}?version={event.version}",
        },
    }


def _trimmed(whole: dict[str, Any]) -> dict[str, Any]:
    remaining = MAX_DATA_BYTES - size(whole | {"identities": [], "truncated": True})
    return whole | {"identities": within(whole["identities"], remaining), "truncated": True}
