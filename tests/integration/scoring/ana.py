"""Ana, known by her e-mail or by a cookie, and what is told of her."""

from typing import Any

from shared.events import Interaction, LeadQualified, Retraction
from shared.identity import Identity
from tests.support.builders import NOON, identities, interaction, rule
from tests.worlds.scoring import ScoringWorld

ANA = identities(email="ana@example.com")[0]
COOKIE = identities(anonymous_id="cookie")[0]
BOTH = {"email": "ana@example.com", "anonymous_id": "cookie"}
VISITS = rule("visits", 10)
ADJUSTED = {"model": "m", "points": 5, "reason": "met", "author": "Olga"}


def by_cookie(type: str = "visit", **more: Any) -> Interaction:
    return interaction(type, known_as={"anonymous_id": "cookie"}, **more)


def retraction(*ids: str, identity: Identity = ANA) -> Retraction:
    return Retraction(
        id=f"retracts-{ids[0]}",
        identity=identity,
        interactions=ids,
        reason="a test",
        author="Olga",
        retracted_at=NOON,
    )


async def leads(world: ScoringWorld) -> int:
    return len(await world.outbox_events(LeadQualified))
