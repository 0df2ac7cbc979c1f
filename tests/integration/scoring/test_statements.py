"""How many statements a batch needs: their number does not grow with its events."""

from functools import partial
from typing import Any

import pytest

from shared.database.positions import Claims
from tests.support.builders import interaction, on_the_log, rule
from tests.support.statements import statements
from tests.worlds.scoring import ScoringWorld

MOST = 8


def visits(count: int, day: int = 0, **more: Any) -> list[Any]:
    return [
        interaction(day=day, known_as={"anonymous_id": f"cookie-{number}"}, **more) for number in range(count)
    ]


@pytest.mark.parametrize("profiles", [1, 20])
@pytest.mark.parametrize("are_merged", [False, True])
async def test_a_batch_of_known_profiles_needs_eight_statements(
    world: ScoringWorld, profiles: int, are_merged: bool
) -> None:
    """On PostgreSQL profiles of several identities are locked too."""
    await world.activate(rule(points=1), flip_number=1_000_000)
    if are_merged:
        names = [{"anonymous_id": f"cookie-{n}", "email": f"p{n}@example.com"} for n in range(profiles)]
        await world.consume(*(interaction(known_as=known_as) for known_as in names))
    claims = Claims(world.database, "scoring")
    await claims.claim(on_the_log(interaction())[0].partition, "log")

    def applied(connection: Any, messages: Any) -> None:
        claims.advance(connection, messages)
        world.scorer.apply(connection, messages)

    batches = [on_the_log(*visits(profiles, -day), start=day * profiles) for day in range(3)]
    for batch in batches[:2]:
        # The first finds no profiles, and the second finds the names that the first has added.
        await world.database.unit(partial(applied, messages=batch))
    with statements(world.database) as made:
        await world.database.unit(partial(applied, messages=batches[2]))
    asked = [one for one in made if not one.startswith("BEGIN")]
    if world.database.dialect == "sqlite":
        # SQLite executes one statement for each row, without a round trip.
        asked = sorted(set(asked))
    assert len(asked) <= MOST, "\n".join(asked)
