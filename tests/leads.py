"""A lead as scoring tells of it on the log."""

from datetime import UTC, datetime
from typing import Any

from shared.events import LeadQualified, Reason
from shared.identity import Identity


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
        "identities": (Identity("email", "antonio@example.com"), Identity("twitter", "antonio_runs")),
        "traits": {"first_name": "Antonio", "last_name": "Russo", "title": "Coach"},
    }
    return LeadQualified(**(facts | more))
