"""The floor of rows 7 and 8: reading all rows of a query once, in pages as large as those of an activation.

`python -m tests.bench.floors.read URL` takes queries as orders, `{"query": ...}`, and counts the rows.
"""

import asyncio
import json
import sys
import time
from typing import Any

import asyncpg
from uvicorn.loops.auto import auto_loop_factory

from tests.support.postgres import plain

PAGE = 1_000


async def read(url: str, query: str) -> dict[str, Any]:
    """Read all rows and return how many there were and how long that took."""
    connection = await asyncpg.connect(plain(url))
    try:
        started = time.perf_counter()
        count = 0
        async with connection.transaction(readonly=True):
            cursor = await connection.cursor(query)
            while page := await cursor.fetch(PAGE):
                count += len(page)
        return {"rows": count, "seconds": time.perf_counter() - started}
    finally:
        await connection.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        for line in sys.stdin:
            print(json.dumps(runner.run(read(sys.argv[1], json.loads(line)["query"]))), flush=True)
