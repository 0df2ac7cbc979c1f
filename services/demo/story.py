"""Antonio, who buys running shoes: the matrix that scores him, and what he does."""

from datetime import datetime, timedelta
from typing import Any

MODEL = "marathon"
_ONCE = {"times": 1, "per": "ever"}
MATRIX: dict[str, Any] = {
    "flip_number": 25,
    "stages": {"aware": 5, "engaged": 15, "sales_ready": 25},
    "rules": [
        {
            "id": "announces",
            "label": "Announces a marathon",
            "when": {"type": "share", "where": {"text": {"matches_any": ["maratón"]}}},
            "points": 5,
            "limit": _ONCE,
        },
        {
            "id": "joins",
            "label": "Joins the training group",
            "when": {"type": "group_join", "where": {"group": "marathon-training"}},
            "points": 10,
            "limit": _ONCE,
        },
        {
            "id": "newsletter",
            "label": "Signs up for the newsletter",
            "when": {"type": "newsletter_signup"},
            "points": 10,
            "limit": _ONCE,
        },
    ],
    # Without an address the offer cannot be sent.
    "requires": ["email"],
    "audience": "offer",
    "campaign": "maraton",
    "offer": {"name": "10 % off running shoes", "coupon": "MARATON10"},
}


def antonio(now: datetime) -> list[dict[str, Any]]:
    """Return Antonio's interactions in months 1, 5 and 6; each start has an Antonio of its own."""
    run = format(int(now.timestamp()), "x")
    blog = {"blog": f"antonio-{run}.example"}
    twitter, facebook = {"twitter": f"antonio_{run}"}, {"facebook": f"antonio.runs.{run}"}
    email = {"email": f"antonio+{run}@example.com"}
    start = now - timedelta(days=180)

    def event(
        month: int, hour: int, type_: str, identities: dict[str, str], **properties: str
    ) -> dict[str, Any]:
        return {
            "id": f"demo-{run}-{month}-{hour}",
            "type": type_,
            "identities": identities,
            "occurred_at": (start + timedelta(days=30 * (month - 1), hours=hour)).isoformat(),
            "source": "demo",
            "properties": properties,
        }

    announced = {"text": "Correré un maratón"}
    return [
        event(1, 0, "share", blog, **announced, story="announces a marathon on his blog"),
        event(1, 1, "share", facebook, **announced, story="on Facebook"),
        event(1, 2, "share", twitter, **announced, story="and on Twitter"),
        event(1, 3, "identify", {**twitter, **facebook, **blog}, story="links the three on his blog"),
        event(5, 0, "group_join", facebook, group="marathon-training", story="joins the training group"),
        event(6, 0, "newsletter_signup", {**email, **facebook}, story="signs up for the newsletter"),
    ]
