"""A lead and a change of stage as scoring writes them to the log."""

from datetime import UTC, datetime
from typing import Any

from shared.events import LeadQualified, Reason, StageChanged
from tests.cast import ANTONIO


def qualified(number: int = 1, **more: Any) -> LeadQualified:
    """Antonio, who announced a marathon, joined the training group and signed up for the newsletter."""
    facts: dict[str, Any] = {
        "id": f"flip_{number}",
        "lead_id": f"lead_{number}",
        "profile_id": f"profile_{number}",
        "model": "marathon",
        "version": 1,
        "cycle": 1,
        "score": 25.0,
        "flip_number": 25.0,
        "crossed_on": "2026-06-01",
        "qualified_at": datetime(2026, 6, 1, 9, 30, tzinfo=UTC),
        "reasons": (
            Reason(rule="announces", label="Announces a marathon", points=5.0, count=1, paid=1),
            Reason(rule="joins", label="Joins the training group", points=10.0, count=1, paid=1),
            Reason(rule="signs_up", label="Signs up for the newsletter", points=10.0, count=1, paid=1),
        ),
        "identities": ANTONIO[:2],
        "traits": {"first_name": "Antonio", "last_name": "Russo", "title": "Coach"},
    }
    return LeadQualified(**(facts | more))


def stage_changed(number: int = 1, **more: Any) -> StageChanged:
    """Antonio joined the training group, which brought him up by one stage."""
    facts: dict[str, Any] = {
        "id": f"stage_{number}",
        "profile_id": "profile_1",
        "model": "marathon",
        "version": 1,
        "before": "aware",
        "after": "engaged",
        "score": 15.0,
        "changed_at": datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
        "identities": ANTONIO[:2],
    }
    return StageChanged(**(facts | more))
