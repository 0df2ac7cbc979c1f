"""What befalls a worker, at moments that chance chooses and observation confirms."""

import random

from tests.e2e.books import Books
from tests.e2e.flow import Flow
from tests.e2e.processes import Process
from tests.patience import eventually

# What a batch writes after it has entered the ledger.
LATER = ("counts", "scores")


async def freeze_in_a_batch(worker: Process, flow: Flow, books: Books, rng: random.Random) -> None:
    """Freeze the worker at a moment at which it has written a part of a batch and not committed it.

    The rows that it will write next are held, so it comes to a stand in its batch however fast it is.
    """

    async def caught() -> bool:
        await flow.stand_still()
        async with books.held(rng.choice(LATER)):
            flow.go_on()
            # Where it waits at the door, another's batch came to a stand first and has its partition.
            stands = await eventually(lambda: books.stands(worker.pid))
            if stands == "in a batch":
                worker.freeze()
        if stands == "in a batch":
            if await books.holds_a_batch(worker.pid):
                return True
            worker.thaw()
        return False

    await eventually(caught)
