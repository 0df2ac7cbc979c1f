"""The events and rules of a run: the same on every run, since they are drawn with a fixed seed."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from shared.events import Interaction
from shared.identity import Forms, by_strength
from tests.bench.servers import WRITE_KEY

SEED = 20_260_314
PEOPLE = 20_000
HISTORY_DAYS = 30
SECTIONS = ("pricing", "blog", "docs", "product", "careers", "events")
TITLES = ("VP Marketing", "Head of Sales", "Engineer", "Student")
SHARES = {
    "visit": 60, "email_open": 12, "download": 8, "email_click": 6, "form_submit": 5, "webinar_attend": 4,
    "like": 3, "newsletter_signup": 2,
}  # fmt: skip
_FORMS = Forms()


def dice(name: str) -> Random:
    """Return the random numbers for one purpose: the same on every run."""
    return Random(f"{SEED}{name}")  # noqa: S311 - nothing here is secret


def post(path: str, body: Any) -> bytes:
    """Return the bytes of a request as a tracker's library sends it."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {WRITE_KEY}\r\n"
        f"User-Agent: flipline-bench/1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def single_events(count: int) -> list[bytes]:
    """Return requests of one native event each."""
    draw = dice("")
    return [
        post(
            "/v1/events",
            {
                "id": f"single-{number}",
                "type": "visit",
                "identities": {"anonymous_id": f"cookie-{draw.randrange(PEOPLE)}", "user_id": f"u-{number}"},
                "occurred_at": datetime.now(UTC).isoformat(),
                "source": "web",
                "campaign": "spring",
                "properties": properties(draw, "visit"),
            },
        )
        for number in range(count)
    ]


def segment_batches(count: int, size: int) -> list[dict[str, Any]]:
    """Return bodies of Segment's `/v1/batch` as its server libraries write them."""
    draw = dice("")
    now = datetime.now(UTC)
    return [
        {
            "batch": [_segment_call(draw, f"batch-{batch}-{index}", now) for index in range(size)],
            "sentAt": now.isoformat(),
        }
        for batch in range(count)
    ]


def _segment_call(draw: Random, id: str, now: datetime) -> dict[str, Any]:
    person = draw.randrange(PEOPLE)
    return {
        "type": "track",
        "messageId": id,
        "userId": f"u-{person}",
        "anonymousId": None,
        "event": draw.choice(("Email Opened", "Order Completed", "Document Downloaded", "Video Watched")),
        "timestamp": (now - timedelta(seconds=draw.random() * 60)).isoformat(),
        "properties": properties(draw, "visit"),
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
        "integrations": {},
    }


def properties(draw: Random, type: str) -> dict[str, Any]:
    """Return the properties of an interaction of a type."""
    section = draw.choice(SECTIONS)
    page = draw.randrange(50)
    properties: dict[str, Any] = {
        "path": f"/{section}/{page}",
        "title": f"{section.title()} page {page}",
        "referrer": "https://search.example/",
        "seconds": draw.randrange(1, 300),
    }
    if type == "download":
        properties["asset"] = f"whitepaper-{draw.randrange(20)}"
    if type in {"email_open", "email_click"}:
        properties["mailing"] = f"newsletter-{draw.randrange(12)}"
    return properties


def interactions(
    count: int, *, prefix: str, days_ago: Sequence[int], newcomers: float = 0
) -> Iterator[Interaction]:
    """Yield interactions of PEOPLE people, most by a fifth of them; `newcomers` is the share of others."""
    draw = dice(prefix)
    now = datetime.now(UTC)
    types = draw.choices(list(SHARES), list(SHARES.values()), k=count)
    for number, kind in enumerate(types):
        if draw.random() < newcomers:
            named = {"anonymous_id": f"new-{prefix}-{number}"}
        else:
            named = _named(draw.randrange(PEOPLE // 5 if draw.random() < 0.5 else PEOPLE))
        at = now - timedelta(days=draw.choice(days_ago), seconds=draw.random() * 60)
        yield Interaction(
            id=f"{prefix}-{number}",
            type=kind,
            identities=by_strength(_FORMS.named(name, value) for name, value in named.items()),
            occurred_at=at,
            received_at=now,
            source="web",
            campaign=draw.choice((None, "spring", "autumn")),
            properties=properties(draw, kind),
            traits=_traits(draw) if kind == "form_submit" else {},
        )


def _traits(draw: Random) -> dict[str, Any]:
    """Return the traits that a form asks for."""
    return {"title": draw.choice(TITLES), "country": draw.choice(("DE", "FR", "ES", "IT"))}


def _named(person: int) -> dict[str, str]:
    cookie = {"anonymous_id": f"cookie-{person}"}
    return cookie if person % 2 else cookie | {"email": f"person{person}@company{person % 500}.example"}


def matrix(*, flip_number: float) -> dict[str, Any]:
    """Return 30 rules; an interaction meets three to five of them."""
    rules: list[dict[str, Any]] = [
        _rule(f"reads_{section}", 2, "visit", {"path": {"starts_with": f"/{section}"}}, times=3, cap=20)
        for section in SECTIONS
    ]
    rules += [_rule(f"does_{kind}", 1, kind, None, times=5, cap=10) for kind in SHARES]
    rules += [
        _rule(f"stays_{seconds}", 1, "visit", {"seconds": {"gte": seconds}}, times=2, cap=8)
        for seconds in (60, 180, 240)
    ]
    rules += [
        _rule("comes_by_spring", 1, "visit", {"campaign": "spring"}, times=1, cap=5),
        _rule("comes_by_autumn", 1, "visit", {"campaign": "autumn"}, times=1, cap=5),
        _rule("comes_from_search", 1, "visit", {"referrer": {"contains": "search"}}, times=1, cap=5),
        _rule("reads_page_7", 3, "visit", {"path": {"glob": "/*/7"}}, times=1),
        _rule("takes_assets", 4, "download", {"asset": {"exists": True}}, times=1, by="asset"),
        _rule("takes_first", 5, "download", {"asset": {"in": ["whitepaper-1", "whitepaper-2"]}}, times=1),
        _rule("opens_mailings", 1, "email_open", {"mailing": {"exists": True}}, times=1, by="mailing"),
        _rule("clicks_mailings", 3, "email_click", {"mailing": {"exists": True}}, times=1, by="mailing"),
        _rule("clicks_newsletter", 3, "email_click", {"mailing": "newsletter-3"}, times=1),
        _rule("fills_forms_on_pricing", 10, "form_submit", {"path": {"starts_with": "/pricing"}}, times=1),
        _rule("looks_for_work", -10, "visit", {"path": {"starts_with": "/careers"}}, times=2, cap=30),
        _rule("attends_long", 6, "webinar_attend", {"seconds": {"gt": 120}}, times=1, cap=30),
        _rule("likes_briefly", -1, "like", {"seconds": {"lt": 10}}, times=1, cap=3),
    ]
    return {"flip_number": flip_number, "stages": {"aware": 5, "engaged": 20}, "rules": rules}


def repriced(flip_number: float) -> dict[str, Any]:
    """Return the matrix with other points for its rules, and the same conditions."""
    changed = matrix(flip_number=flip_number)
    for rule in changed["rules"]:
        rule["points"] += 1 if rule["points"] > 0 else -1
    return changed


def _rule(
    id: str, points: float, type: str, where: dict[str, Any] | None, *, times: int, cap: float | None = None,
    by: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    limit: dict[str, Any] = {"times": times, "per": "ever" if by else "day"}
    rule: dict[str, Any] = {
        "id": id,
        "when": {"type": type} | ({"where": where} if where else {}),
        "points": points,
        "limit": limit | ({"by": by} if by else {}),
    }
    return rule | ({"cap": cap} if cap else {})
