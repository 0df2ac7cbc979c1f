"""The bell of the delivery worker distinguishes new work from the end of an attempt."""

from services.handoff.sending.wake import Due
from tests.support.patience import PATIENCE_SECONDS, patience


def test_a_new_bell_asks_to_look_once() -> None:
    due = Due()
    assert due.take()
    assert not due.take()


async def test_ring_wakes_the_waiter_and_asks_to_look() -> None:
    due = Due()
    due.take()
    due.ring()
    async with patience():
        await due.wait(10 * PATIENCE_SECONDS)
    assert due.take()


async def test_wake_wakes_the_waiter_without_asking_to_look() -> None:
    due = Due()
    due.take()
    due.wake()
    async with patience():
        await due.wait(10 * PATIENCE_SECONDS)
    assert not due.take()
