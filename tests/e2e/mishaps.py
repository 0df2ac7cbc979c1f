"""Faults of a worker, at moments that chance chooses and observation confirms."""

import random

from tests.e2e.books import Books
from tests.e2e.flow import Flow
from tests.e2e.processes import Process
from tests.support.patience import eventually

# Tables that a batch writes after the ledger.
LATER = ("counts", "scores")
# An attempt may fail, so enough of the flow has to be left for many attempts.
SLICES_OF_AN_ATTEMPT = 2


async def freeze_in_a_batch(worker: Process, flow: Flow, books: Books, rng: random.Random) -> None:
    """Freeze the worker after it has written a part of a batch, and before it commits the batch.

    The rows that it will write next are locked, so it stops in its batch however fast it is.
    """

    async def where() -> str | None:
        return await books.stands(worker.pid) or ("past the rows" if await flow.is_applied() else None)

    async def caught() -> bool:
        await flow.stand_still()
        async with books.held(rng.choice(LATER)):
            flow.go_on(slices=SLICES_OF_AN_ATTEMPT)
            # If it waits at the door, the batch of another worker stopped first and has its partition.
            stands = await eventually(where)
            if stands == "in a batch":
                worker.freeze()
        if stands == "in a batch":
            if await books.holds_a_batch(worker.pid):
                flow.go_on()
                return True
            worker.thaw()
        return False

    await eventually(caught)
