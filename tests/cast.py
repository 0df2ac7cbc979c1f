"""The people of the tests: who they are, what they do, and the rules that score them.

Ana visits a shop, known by her e-mail or by a cookie; Ben and Cleo visit it, too. Olga is of ops. Antonio
buys running shoes: his matrix is the one of the demo, and his three steps bring him to its flip number.
"""

from typing import Any

from services.demo import story
from shared.events import Interaction, Retraction
from shared.identity import Identity
from tests.support.builders import NOON, identities, interaction, rule

ANA, BEN, CLEO = (identities(email=f"{name}@example.com")[0] for name in ("ana", "ben", "cleo"))
COOKIE = identities(anonymous_id="cookie")[0]
BOTH = {"email": "ana@example.com", "anonymous_id": "cookie"}

VISITS = rule("visits", 10)
FADING_VISITS = rule("visits", 10, half_life="10d")
ADJUSTED = {"model": "m", "points": 5, "reason": "met", "author": "Olga"}

# Identities as trackers send them.
VISIT = {"type": "visit", "identities": {"email": "ana@example.com"}}
TRACK = {"type": "track", "userId": "u1", "event": "Order Completed"}

# People at a firm, as names that older rules of normal forms left on the log.
ANA_AT_FIRM, ANA_IN_BRACKETS = ("email", "ana@firm.example"), ("email", "<ana@firm.example>")
BEN_AT_FIRM, UNDEFINED = ("email", "ben@firm.example"), ("user_id", "undefined")
THE_COOKIE = ("anonymous_id", "cookie")

ANTONIOS_MATRIX = story.MATRIX
ANTONIOS_NAMES = {"email": "antonio@example.com", "twitter": "antonio_runs", "facebook": "antonio.runs"}
ANTONIO = identities(**ANTONIOS_NAMES)
_ON_TWITTER, _ON_FACEBOOK, _BY_EMAIL = (
    {kind: ANTONIOS_NAMES[kind]} for kind in ("twitter", "facebook", "email")
)


def antonios_steps() -> list[Interaction]:
    """Return what Antonio does in three of his months, the last step at NOON."""
    return [
        interaction("share", day=-150, known_as=_ON_TWITTER, text="Correré un maratón"),
        interaction("group_join", day=-30, known_as=_ON_FACEBOOK | _ON_TWITTER, group="marathon-training"),
        interaction("newsletter_signup", known_as=_BY_EMAIL | _ON_FACEBOOK),
    ]


def by_cookie(type: str = "visit", **more: Any) -> Interaction:
    """An interaction of Ana before she is known by her e-mail."""
    return interaction(type, known_as={"anonymous_id": "cookie"}, **more)


def retraction(*ids: str, identity: Identity = ANA) -> Retraction:
    """Olga retracts interactions of an identity."""
    return Retraction(
        id=f"retracts-{ids[0]}",
        identity=identity,
        interactions=ids,
        reason="a test",
        author="Olga",
        retracted_at=NOON,
    )
