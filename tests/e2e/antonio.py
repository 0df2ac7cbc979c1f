"""Antonio, who buys running shoes: what is posted, and what has to follow from it."""

from datetime import UTC, datetime, timedelta
from typing import Any

# The identities as he writes them; `tests.cast.ANTONIO` has their normal forms.
TWITTER = {"twitter": "@antonio_runs"}
FACEBOOK = {"facebook": "antonio.runs"}
BLOG = {"blog": "antonio.example"}
EMAIL = {"email": "Antonio@Example.com"}
_MONTH = timedelta(days=30)
_MONTH_1 = datetime.now(UTC) - 7 * _MONTH


def _event(
    month: int, type: str, *known_as: dict[str, str], on: str = "", **properties: str
) -> dict[str, Any]:
    return {
        "id": f"antonio-{type}{on}",
        "type": type,
        "identities": {kind: value for identity in known_as for kind, value in identity.items()},
        "occurred_at": (_MONTH_1 + (month - 1) * _MONTH).isoformat(),
        "properties": properties,
    }


_TEXT = "Correré un maratón"
ANNOUNCES = [
    _event(1, "share", TWITTER, on="-twitter", text=_TEXT),
    _event(1, "share", FACEBOOK, on="-facebook", text=_TEXT),
    _event(1, "share", BLOG, on="-blog", text=_TEXT),
    _event(1, "identify", TWITTER, FACEBOOK, BLOG),
]
JOINS = _event(5, "group_join", FACEBOOK, group="marathon-training")
SIGNS_UP = _event(6, "newsletter_signup", EMAIL, FACEBOOK)
BUYS = _event(7, "purchase", EMAIL, product="running shoes")
