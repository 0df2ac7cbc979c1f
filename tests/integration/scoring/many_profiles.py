"""Many profiles whose events come in any order: merges, shared devices, corrections, machines, traits."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from services.scoring.change.activation import Activation, activate
from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.crossing import crossed_on
from services.scoring.core.pricing.price import ScoreInput, price
from services.scoring.core.profiles.linking import Profile
from services.scoring.matrix.reading import stored_matrix
from services.scoring.store import traits
from services.scoring.store.profiles import find
from services.scoring.store.tables import models
from shared.events import Event, Interaction, Retraction, Separation
from shared.identity import Identity, by_strength
from tests.oracle.fold import lives
from tests.property.agreement import assert_same_crossing, assert_same_points, assert_same_score
from tests.support.builders import NOON
from tests.worlds.scoring import ScoringWorld

MODEL = "m"
LIMITS = {"user_id": 1, "email": 2}
DAYS = 40
MATRIX: Mapping[str, Any] = {
    "model": MODEL,
    "flip_number": 12,
    "stages": {"aware": 5, "engaged": 15},
    "rules": [
        {
            "id": "prices",
            "when": {"type": "visit", "where": {"path": {"starts_with": "/pricing"}}},
            "points": 4,
            "limit": {"times": 2, "per": "day"},
            "half_life": "30d",
        },
        {"id": "visits", "when": {"type": "visit"}, "points": 1.5, "window": "25d", "cap": 12},
        {
            "id": "downloads",
            "when": {"type": "download"},
            "points": 5,
            "limit": {"times": 1, "per": "ever", "by": "path"},
        },
        {"id": "leaves", "when": {"type": "email_unsubscribe"}, "points": -8, "half_life": "10d"},
        {"id": "crawled", "when": {"type": "visit"}, "points": -0.25, "machine": "only"},
    ],
    "traits": [{"id": "decides", "when": {"title": {"contains": "VP"}}, "points": 6}],
    "groups": {"reading": {"rules": ["visits", "downloads"], "cap": 14}},
    "inactivity": {"after": "10d", "points": -1, "every": "5d", "floor": -4},
}
_TYPES = ("visit", "visit", "visit", "download", "email_unsubscribe", "like", "identify", "adjustment")
_PATHS = ("/", "/pricing", "/pricing/eu", "/guide.pdf")


def _names(chance: random.Random, people: int) -> list[list[Identity]]:
    """Return the names of each person; some devices belong to several."""
    shared = [Identity("anonymous_id", f"library-{n}") for n in range(max(1, people // 8))]
    return [
        [
            Identity("user_id", f"u{n}"),
            *(Identity("email", f"p{n}.{one}@company{n % 7}.example") for one in range(chance.randint(1, 3))),
            *(Identity("anonymous_id", f"c{n}.{one}") for one in range(chance.randint(1, 3))),
            *([chance.choice(shared)] if chance.random() < 0.4 else []),
        ]
        for n in range(people)
    ]


def _deed(chance: random.Random, number: int, names: list[Identity]) -> Interaction:
    type_ = chance.choice(_TYPES)
    at = NOON - timedelta(days=chance.randrange(DAYS), hours=chance.randrange(24))
    properties: dict[str, Any] = {"path": chance.choice(_PATHS)}
    if type_ == "adjustment":
        properties = {
            "model": MODEL,
            "points": chance.choice((-3, 2.5, 6)),
            "reason": "met",
            "author": "Olga",
        }
    known_as = chance.sample(names, min(len(names), chance.choice((1, 1, 1, 2, 2, 3))))
    return Interaction(
        id=f"event-{number}",
        type=type_,
        identities=by_strength(known_as),
        occurred_at=at,
        received_at=at,
        properties=properties,
        traits={"title": chance.choice(("VP", "Clerk", None))} if chance.random() < 0.2 else {},
        machine="crawler" if type_ != "adjustment" and chance.random() < 0.15 else None,
    )


def columns(seed: int, *, people: int, deeds: int) -> list[Event]:
    """Return the events of a crowd, in the order in which they come; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - the same on every run is what is wanted
    names = _names(chance, people)
    done = [_deed(chance, number, chance.choice(names)) for number in range(deeds)]
    told: list[Event] = [
        *done,
        *map(_retracted, chance.sample(done, deeds // 20)),
        *(_parted(number, *chance.sample(chance.choice(names), 2)) for number in range(people // 6)),
    ]
    chance.shuffle(told)
    return told


def _retracted(one: Interaction) -> Retraction:
    return Retraction(
        id=f"retracts-{one.id}",
        identity=one.identities[0],
        interactions=(one.id,),
        reason="a crawler",
        author="Olga",
        retracted_at=NOON,
    )


def _parted(number: int, one: Identity, other: Identity) -> Separation:
    return Separation(
        id=f"separation-{number}",
        identities=(one,),
        others=(other,),
        reason="two people",
        author="Olga",
        separated_at=NOON,
    )


def first_of(event: Event) -> Identity:
    """Return the identity that decides the partition of an event."""
    if isinstance(event, Retraction):
        return event.identity
    assert isinstance(event, Interaction | Separation)
    return event.identities[0]


def by_share(events: Iterable[Event], shares: int) -> list[list[Event]]:
    """Deal the events out as partitions do: those of an identity keep their order."""
    dealt: list[list[Event]] = [[] for _ in range(shares)]
    for event in events:
        dealt[int(first_of(event).id, 16) % shares].append(event)
    return dealt


def batches(events: list[Event], size: int) -> Iterator[list[Event]]:
    """Yield the events in batches; the last two of each batch come again in the next."""
    for start in range(0, len(events), size):
        yield events[max(0, start - 2) : start + size]


async def activate_matrix(world: ScoringWorld, matrix: Mapping[str, Any]) -> None:
    """Make a matrix, as JSON, the active version of the model."""
    given = stored_matrix(MODEL, matrix).canonical()
    await world.save_draft(*given.pop("rules"), **{key: given[key] for key in given if key != "model"})
    await activate(world.database, world.clock, MODEL, Activation("all"))


async def assert_as_defined(
    world: ScoringWorld, events: list[Event], matrix: Mapping[str, Any] = MATRIX
) -> None:
    """Compare persons, scores, reasons and days of crossing in the tables with the definition."""
    due = lives(events, LIMITS)
    today = day_of(world.clock.now())

    def kept_of_all(connection: sa.Connection) -> tuple[Sequence[Profile], Mapping[str, ScoreInput], int]:
        persons = find(connection, sorted({i.id for person in due for i in person}))
        known = traits.known(connection, persons)
        return persons, known, connection.execute(sa.select(models.c.active_version)).scalar_one()

    persons, known, number = await world.database.read(kept_of_all)
    assert {one.id: frozenset(one.identities.values()) for one in persons} == {
        min(i.id for i in person): person for person in due
    }
    kept = {row.profile_id: row for row in await world.score_rows() if row.version == number}
    assert kept.keys() == {one.id for one in persons}
    active = stored_matrix(MODEL, msgspec.to_builtins(matrix))
    for person in persons:
        life, mine = due[frozenset(person.identities.values())], known[person.id]
        score = price(mine, active, today)
        expected = life.account(matrix, today)
        assert_same_score(score.points, score.reasons, expected, matrix)
        assert_same_points(kept[person.id].score, expected.exact, matrix)
        assert_same_crossing(crossed_on(mine, active, today), life, matrix, today)
