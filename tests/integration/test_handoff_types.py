"""The types of webhook: what becomes of an event that has one, and of an event that has none."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database.engine import Database
from shared.events import DEAD_LETTERS, LEADS, DeadLetter, Event, decode, encode
from shared.log.port import Record
from tests.builders import interaction
from tests.handoff_world import World, handing_off
from tests.leads import qualified
from tests.patience import eventually
from tests.receiver import Receiver


@pytest.fixture
async def world(tmp_path: Path, database: Database) -> AsyncIterator[World]:
    async with handing_off(tmp_path, database) as running:
        yield running


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as listening:
        yield listening


async def dead_letters(world: World) -> list[Event]:
    return [decode(one.value) async for batch in world.log.replay(DEAD_LETTERS) for one in batch]


async def test_an_event_of_no_type_is_parked_and_the_events_beside_it_are_sent(
    world: World, receiver: Receiver
) -> None:
    webhook = await world.subscribe(receiver.url())
    unknown = encode(interaction("visit"))

    values = [encode(qualified(1)), unknown, encode(qualified(2))]
    await world.log.append([Record(LEADS, "profile_1", value) for value in values])

    await world.settled(webhook, "delivered", 2)
    [letter] = await eventually(lambda: dead_letters(world))
    assert isinstance(letter, DeadLetter)
    assert (letter.refused_by, letter.code) == ("handoff", "unexpected_event")
    assert (letter.message, letter.payload) == (
        "Interaction does not belong on this topic.",
        unknown.decode(),
    )
