"""The fold is a function of the set of events: any order, any batches, any redelivery, one result."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.core.pricing.crossing import crossed_on
from services.scoring.core.pricing.price import ScoreInput, price
from services.scoring.live.consume import Scorer
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.reading import read_matrix
from services.scoring.store import traits
from services.scoring.store.profiles import find
from services.scoring.store.tables import models, scores, versions
from shared.database.engine import Database
from shared.database.schema import metadata
from shared.errors import Refused
from shared.events import Event, encode
from shared.identity import Forms
from shared.log.port import Message, Partition
from tests.oracle.fold import lives
from tests.oracle.matrices import MODEL
from tests.oracle.people import Person
from tests.oracle.worlds import TOWN, DrawnWorld, worlds
from tests.property.agreement import (
    assert_same_crossing,
    assert_same_points,
    assert_same_score,
    assert_same_traits,
)
from tests.support.clock import FrozenClock
from tests.support.tables import changed

Batches = Sequence[Sequence[Event]]


class Telling(NamedTuple):
    """A world, its limits on identities of a kind, and the order and batches of its events."""

    world: DrawnWorld
    limits: Mapping[str, int]
    batches: Batches


def is_accepted(world: DrawnWorld) -> bool:
    """A matrix with a flip number that is out of reach cannot be activated."""
    try:
        read_matrix(MODEL, world.matrix)
    except Refused:
        return False
    return True


@st.composite
def tellings(draw: st.DrawFn) -> Telling:
    world = draw(worlds(most=16).filter(is_accepted))
    again = draw(st.lists(st.sampled_from(world.events), max_size=4))
    order = draw(st.permutations([*world.events, *again]))
    cuts = [0, *sorted(draw(st.sets(st.integers(1, len(order)), min_size=1, max_size=4))), len(order)]
    batches = [order[start:end] for start, end in pairwise(cuts)]
    limits = draw(st.sampled_from([{"user_id": 1}, {"user_id": 1, "email": 2}]))
    return Telling(world, limits, batches)


class Folded(NamedTuple):
    """The tables in the end: the identities of each profile id, and the stored scores."""

    persons: dict[str, Person]
    known: dict[str, ScoreInput]
    kept: dict[str, float]


class Fold:
    """The real fold, on tables that are emptied before each time."""

    def __init__(self, database: Database, runner: asyncio.Runner) -> None:
        self._database = database
        self._runner = runner

    def of(self, telling: Telling) -> Folded:
        return self._runner.run(self._fold(telling))

    async def _fold(self, telling: Telling) -> Folded:
        clock = FrozenClock(datetime.combine(date.fromordinal(telling.world.day), time(12), UTC))
        await self._begin_with(telling.world.matrix, clock.now())
        scorer = Scorer(clock, telling.limits, Forms())
        for batch in telling.batches:
            messages = [
                Message(Partition("interactions", 0), n, encode(event)) for n, event in enumerate(batch)
            ]
            await self._database.unit(partial(scorer.apply, messages=messages))
        return await self._database.read(_folded)

    async def _begin_with(self, matrix: Mapping[str, Any], now: datetime) -> None:
        await changed(
            self._database,
            *(sa.delete(table) for table in reversed(metadata.sorted_tables)),
            sa.insert(models).values(model=MODEL, active_version=1, created_at=now),
            sa.insert(versions).values(
                model=MODEL, version=1, matrix=json.dumps(matrix), handoff="none", activated_at=now
            ),
        )


def _folded(connection: sa.Connection) -> Folded:
    found = find(connection, [identity.id for identity in TOWN])
    kept = connection.execute(sa.select(scores.c.profile_id, scores.c.score))
    return Folded(
        persons={person.id: frozenset(person.identities.values()) for person in found},
        known=traits.known(connection, found),
        kept={row.profile_id: row.score for row in kept},
    )


@pytest.fixture(scope="module")
def fold(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fold]:
    path = tmp_path_factory.mktemp("folding") / "state.sqlite"
    shutil.copy(migrated_sqlite, path)
    with asyncio.Runner() as runner:
        database = Database(f"sqlite:///{path}")
        yield Fold(database, runner)
        runner.run(database.close())


@settings(max_examples=100)
@given(telling=tellings())
def test_the_fold_gives_the_profiles_and_scores_of_the_oracle_for_any_order_and_redelivery(
    fold: Fold, telling: Telling
) -> None:
    world = telling.world
    matrix: Matrix = read_matrix(MODEL, world.matrix)
    folded = fold.of(telling)
    due = lives(world.events, telling.limits)
    assert folded.persons == {min(identity.id for identity in person): person for person in due}
    assert folded.kept.keys() == folded.persons.keys()
    for profile_id, person in folded.persons.items():
        life, known = due[person], folded.known[profile_id]
        assert_same_traits(known.traits, life)
        score = price(known, matrix, world.day)
        expected = life.account(world.matrix, world.day)
        assert_same_score(score.points, score.reasons, expected, world.matrix)
        assert_same_points(folded.kept[profile_id], expected.exact, world.matrix)
        assert_same_crossing(crossed_on(known, matrix, world.day), life, world.matrix, world.day)
