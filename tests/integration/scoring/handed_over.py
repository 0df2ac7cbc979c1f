"""Hand-overs of profiles that an activation kept back, and the leads that they make."""

from services.scoring.change.handing_over import HandingOver, Status
from services.scoring.change.retirement import Act, end
from shared.events import LeadQualified
from shared.ids import new_id
from tests.cast import VISITS
from tests.support.builders import identities, interaction
from tests.worlds.scoring import ScoringWorld

OLGA = Act("Olga")


def order(world: ScoringWorld) -> HandingOver:
    return HandingOver(world.database, world.clock, "m", OLGA, new_id())


async def statuses(world: ScoringWorld, *profile_ids: str) -> list[Status]:
    _, verdicts = await order(world).named(profile_ids)
    return [one.status for one in verdicts]


def profile(number: int) -> str:
    return identities(email=f"p{number}@example.com")[0].id


async def crowd_kept_back(world: ScoringWorld, people: int) -> list[str]:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(*(interaction(known_as={"email": f"p{n}@example.com"}) for n in range(people)))
    await world.activate(VISITS, flip_number=10, handoff="none")
    return sorted(profile(n) for n in range(people))


async def retired(world: ScoringWorld) -> None:
    await world.database.unit(lambda connection: end(connection, "m", OLGA, world.clock.now()))


async def told(world: ScoringWorld) -> list[str]:
    return sorted(one.profile_id for one in await world.outbox_events(LeadQualified))
