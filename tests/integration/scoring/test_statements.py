"""How many statements a batch needs: those of its edges do not grow with its events."""

from functools import partial
from typing import Any

import pytest

from shared.database.positions import Claims
from tests.support.builders import interaction, on_the_log, rule
from tests.support.statements import statements
from tests.worlds.scoring import ScoringWorld

# On PostgreSQL it has to lock the set of active versions too, and those whom several workers may change.
MOST = {"sqlite": 8, "postgresql": 10}


def visits(count: int, day: int = 0, **more: Any) -> list[Any]:
    return [
        interaction(day=day, known_as={"anonymous_id": f"cookie-{number}"}, **more) for number in range(count)
    ]


@pytest.mark.parametrize("profiles", [1, 20])
async def test_a_batch_of_known_profiles_needs_eight_statements(world: ScoringWorld, profiles: int) -> None:
    await world.activate(rule(points=1), flip_number=1_000_000)
    claims = Claims(world.database, "scoring")
    await claims.claim(on_the_log(interaction())[0].partition, "log")

    def applied(connection: Any, messages: Any) -> None:
        claims.advance(connection, messages)
        world.scorer.apply(connection, messages)

    batches = [on_the_log(*visits(profiles, -day), start=day * profiles) for day in range(3)]
    for batch in batches[:2]:
        # The first finds nobody, and the second meets the names that the first has brought.
        await world.database.unit(partial(applied, messages=batch))
    with statements(world.database) as made:
        await world.database.unit(partial(applied, messages=batches[2]))
    # SQLite executes one statement for each row, without a round trip.
    asked = {one for one in made if not one.startswith("BEGIN")}
    assert len(asked) <= MOST[world.database.dialect], "\n".join(asked)
