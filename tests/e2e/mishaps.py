"""What befalls a worker, at moments that chance chooses and observation confirms."""

import asyncio
import random

from tests.e2e.books import Books
from tests.e2e.processes import Process
from tests.patience import eventually


async def freeze_in_a_batch(worker: Process, books: Books, rng: random.Random) -> None:
    """Freeze the worker at a moment at which it has written a part of a batch and not committed it."""

    async def caught() -> bool:
        worker.freeze()
        if await books.holds_a_batch(worker.pid):
            return True
        worker.thaw()
        await asyncio.sleep(rng.uniform(0, 0.03))
        return False

    await eventually(caught)
