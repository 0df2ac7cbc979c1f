"""Antonio, who buys running shoes: DESIGN.md section 7 as what is posted and what has to come of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

MODEL = "marathon"
ONCE = {"times": 1, "per": "ever"}
MATRIX: dict[str, Any] = {
    "flip_number": 25,
    "stages": {"aware": 5, "engaged": 15, "sales_ready": 25},
    "rules": [
        {
            "id": "announces",
            "when": {"type": "share", "where": {"text": {"matches_any": ["maratón"]}}},
            "points": 5,
            "limit": ONCE,
        },
        {"id": "joins", "when": {"type": "group_join"}, "points": 10, "limit": ONCE},
        {"id": "newsletter", "when": {"type": "newsletter_signup"}, "points": 10, "limit": ONCE},
    ],
    "requires": ["email"],
    "audience": "offer",
    "campaign": "maraton",
    "offer": {"name": "10 %", "coupon": "MARATON10"},
}

TWITTER = {"twitter": "@antonio_runs"}
FACEBOOK = {"facebook": "antonio.runs"}
BLOG = {"blog": "antonio.example"}
EMAIL = {"email": "Antonio@Example.com"}
# The form in which they are known afterwards.
IDENTITIES = {
    ("twitter", "antonio_runs"),
    ("facebook", "antonio.runs"),
    ("blog", "antonio.example"),
    ("email", "antonio@example.com"),
}

_MONTH = timedelta(days=30)
_MONTH_1 = datetime.now(UTC) - 7 * _MONTH


def _event(
    month: int, type: str, *known_as: dict[str, str], on: str = "", **properties: str
) -> dict[str, Any]:
    return {
        "id": f"antonio-{type}{on}",
        "type": type,
        "identities": {kind: value for one in known_as for kind, value in one.items()},
        "occurred_at": (_MONTH_1 + (month - 1) * _MONTH).isoformat(),
        "properties": properties,
    }


_TOLD = "Correré un maratón"
ANNOUNCES = [
    _event(1, "share", TWITTER, on="-twitter", text=_TOLD),
    _event(1, "share", FACEBOOK, on="-facebook", text=_TOLD),
    _event(1, "share", BLOG, on="-blog", text=_TOLD),
    _event(1, "identify", TWITTER, FACEBOOK, BLOG),
]
JOINS = _event(5, "group_join", FACEBOOK)
SIGNS_UP = _event(6, "newsletter_signup", EMAIL, FACEBOOK)
BUYS = _event(7, "purchase", EMAIL, product="running shoes")
