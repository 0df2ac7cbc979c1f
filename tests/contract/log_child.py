"""A process of its own for the log exam: it appends or reads until it is killed.

Prints a line for each acknowledged append, for each message applied, or for each batch written down.
"""

import asyncio
import sys
from functools import partial

from shared.database.engine import Database
from shared.database.positions import Claims
from shared.log.port import Log, Record
from tests.contract.logs import in_small_parts, open_log, written_down


async def append(log: Log) -> None:
    number = 0
    while True:
        await log.append(
            [Record("interactions", f"key-{number % 3}", b"%d" % (number + n)) for n in range(5)]
        )
        number += 5
        print(number, flush=True)


async def read(log: Log, database: Database) -> None:
    claims = Claims(database, "exam")
    async with log.consume("interactions", "exam", claims) as consumer:
        while True:
            messages = await consumer.poll(1.0)
            if messages:
                await database.unit(partial(claims.advance, messages=messages))
                for message in messages:
                    print(message.value.decode(), flush=True)


async def write_down(log: Log, database: Database) -> None:
    """Read in small parts, so that there is always more fetched than applied."""
    in_small_parts()
    claims = Claims(database, "exam")
    async with log.consume("interactions", "exam", claims) as consumer:
        while True:
            if messages := await consumer.poll(1.0):
                await database.unit(partial(written_down, claims=claims, messages=messages))
                print(len(messages), flush=True)


async def main(job: str, log_url: str, database_url: str) -> None:
    log = open_log(log_url)
    match job:
        case "append":
            await append(log)
        case "read":
            await read(log, Database(database_url))
        case _:
            await write_down(log, Database(database_url))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
