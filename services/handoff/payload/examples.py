"""An example event for each webhook type, for the description of the API.

Every field has a value: FastAPI leaves null out of an example, and then the field would be missing.
"""

from datetime import UTC, datetime
from typing import Final

from services.handoff.payload.test_message import WebhookTest
from shared.events import LeadQualified, Offer, Reason, StageChanged
from shared.identity import Identity

_PROFILE: Final = "580ba8822afeae0b18da2686badbc4b7"
_IDENTITIES: Final = (Identity("email", "antonio@example.com"), Identity("twitter", "antonio_runs"))

LEAD: Final = LeadQualified(
    id="evt_9d0c1f3a5b7e42648a1f0c2d4e6b8a90",
    lead_id="lead_3f6b2a9c8d1e47508b7a6c5d4e3f2a1b",
    profile_id=_PROFILE,
    model="marathon",
    version=1,
    cycle=1,
    score=25.0,
    flip_number=25.0,
    crossed_on="2026-06-01",
    qualified_at=datetime(2026, 6, 1, 9, 30, tzinfo=UTC),
    reasons=(
        Reason(rule="announces", label="Announces a marathon", points=5.0, count=3, paid=1),
        Reason(rule="joins", label="Joins the training group", points=10.0, count=1, paid=1),
        Reason(rule="signs_up", label="Signs up for the newsletter", points=10.0, count=1, paid=1),
    ),
    identities=_IDENTITIES,
    traits={
        "first_name": "Antonio",
        "last_name": "Russo",
        "phone": "+390655550123",
        "title": "Coach",
        "language": "it",
        "time_zone": "Europe/Rome",
        "company": "Corsa",
        "company_domain": "corsa.example",
        "company_size": "12",
        "industry": "Sports",
        "country": "Italy",
    },
    audience="offer",
    campaign="maraton",
    offer=Offer(name="10 % off", coupon="MARATON10"),
)

STAGE: Final = StageChanged(
    id="evt_1b3d5f708192a3b4c5d6e7f8091a2b3c",
    profile_id=_PROFILE,
    model="marathon",
    version=1,
    before="aware",
    after="engaged",
    score=15.0,
    changed_at=datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
    identities=_IDENTITIES,
)

TEST: Final = WebhookTest(
    webhook_id="019df25b9a7c7d0f8e3a2b1c0d9e8f70",
    delivery_id="019df25ba1b27c3d9e4f5a6b7c8d9e0f",
    requested_at=datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
)
