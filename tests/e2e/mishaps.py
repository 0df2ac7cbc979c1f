"""What befalls a worker, at moments that chance chooses and observation confirms."""

import random

from tests.e2e.books import Books
from tests.e2e.flow import Flow
from tests.e2e.processes import Process
from tests.support.patience import eventually

# What a batch writes after it has entered the ledger.
LATER = ("counts", "scores")
# An attempt may fail, and there has to be enough of the flow left for many of them.
SLICES_OF_AN_ATTEMPT = 2


async def freeze_in_a_batch(worker: Process, flow: Flow, books: Books, rng: random.Random) -> None:
    """Freeze the worker at a moment at which it has written a part of a batch and not committed it.

    The rows that it will write next are held, so it comes to a stand in its batch however fast it is.
    """

    async def where() -> str | None:
        return await books.stands(worker.pid) or ("past the rows" if await flow.is_applied() else None)

    async def caught() -> bool:
        await flow.stand_still()
        async with books.held(rng.choice(LATER)):
            flow.go_on(slices=SLICES_OF_AN_ATTEMPT)
            # Where it waits at the door, another's batch came to a stand first and has its partition.
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
