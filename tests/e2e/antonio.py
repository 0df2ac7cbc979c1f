"""Antonio, who buys running shoes: DESIGN.md section 7 as what is posted and what has to come of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

MODEL = "marathon"
MATRIX: dict[str, Any] = {
    "flip_number": 25,
    "rules": [
        {
            "id": "announces",
            "when": {"type": "share", "where": {"text": {"contains": "marathon"}}},
            "points": 5,
        },
        {"id": "joins", "when": {"type": "group_join", "where": {"group": "training"}}, "points": 10},
        {"id": "signs_up", "when": {"type": "newsletter_signup"}, "points": 10},
    ],
}

TWITTER = {"twitter": "@antonio_runs"}
FACEBOOK = {"facebook": "antonio.runs"}
EMAIL = {"email": "Antonio@Example.com"}
# The form in which they are known afterwards.
IDENTITIES = {("twitter", "antonio_runs"), ("facebook", "antonio.runs"), ("email", "antonio@example.com")}

_MONTH = timedelta(days=30)
_MONTH_1 = datetime.now(UTC) - 7 * _MONTH


def _event(month: int, type: str, *known_as: dict[str, str], **properties: str) -> dict[str, Any]:
    return {
        "id": f"antonio-{type}",
        "type": type,
        "identities": {kind: value for one in known_as for kind, value in one.items()},
        "occurred_at": (_MONTH_1 + (month - 1) * _MONTH).isoformat(),
        "properties": properties,
    }


ANNOUNCES = _event(1, "share", TWITTER, text="My first marathon!")
JOINS = _event(5, "group_join", FACEBOOK, TWITTER, group="training")
SIGNS_UP = _event(6, "newsletter_signup", EMAIL, FACEBOOK)
BUYS = _event(7, "purchase", EMAIL, product="running shoes")
