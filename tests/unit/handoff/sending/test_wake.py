"""The bell of the delivery worker tells new work from the end of an attempt."""

from services.handoff.sending.wake import Due
from tests.support.patience import PATIENCE_SECONDS, patience


def test_at_first_something_may_be_due() -> None:
    due = Due()
    assert due.take()
    assert not due.take()


async def test_a_ring_asks_to_look_and_wakes() -> None:
    due = Due()
    due.take()
    due.ring()
    async with patience():
        await due.wait(10 * PATIENCE_SECONDS)
    assert due.take()


async def test_the_end_of_an_attempt_wakes_and_asks_for_nothing() -> None:
    due = Due()
    due.take()
    due.wake()
    async with patience():
        await due.wait(10 * PATIENCE_SECONDS)
    assert not due.take()
