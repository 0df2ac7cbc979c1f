"""Antonio, who buys running shoes: the matrix that scores him, and what he does."""

from datetime import datetime, timedelta
from typing import Any

MODEL = "marathon"
MATRIX: dict[str, Any] = {
    "flip_number": 25,
    "stages": {"aware": 5, "interested": 15, "sales_ready": 25},
    "rules": [
        {
            "id": "announces_marathon",
            "label": "Announces a marathon",
            "when": {"type": "share", "where": {"text": {"matches_any": ["marathon", "maratón"]}}},
            "points": 5,
        },
        {
            "id": "joins_training_group",
            "label": "Joins the training group",
            "when": {"type": "group_join", "where": {"group": "marathon-training"}},
            "points": 10,
        },
        {
            "id": "signs_up_for_newsletter",
            "label": "Signs up for the newsletter",
            "when": {"type": "newsletter_signup"},
            "points": 10,
        },
    ],
}


def antonio(now: datetime) -> list[dict[str, Any]]:
    """Return what Antonio does in months 1, 5 and 6; each instant has an Antonio of its own."""
    run = format(int(now.timestamp()), "x")
    twitter, facebook, email = f"antonio_{run}", f"antonio.runs.{run}", f"antonio+{run}@example.com"
    start = now - timedelta(days=180)

    def event(month: int, type_: str, identities: dict[str, str], **properties: str) -> dict[str, Any]:
        return {
            "id": f"demo-{run}-{month}",
            "type": type_,
            "identities": identities,
            "occurred_at": (start + timedelta(days=30 * (month - 1))).isoformat(),
            "source": "demo",
            "properties": properties,
        }

    return [
        event(1, "share", {"twitter": twitter}, text="My first marathon!", story="announces a marathon"),
        event(
            5,
            "group_join",
            {"facebook": facebook, "twitter": twitter},
            group="marathon-training",
            story="joins the training group",
        ),
        event(
            6,
            "newsletter_signup",
            {"email": email, "facebook": facebook},
            story="signs up for the newsletter",
        ),
    ]
