"""The database in which the second variant stores scores: made for a round, read and dropped."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import asyncpg
import sqlalchemy as sa

from tests.bench.databases import copy, drop, plain

_SCORES = "select profile, score from scores"


@contextmanager
def database(cluster: str, name: str) -> Generator[str]:
    """Give the URL of an empty database that is dropped afterwards."""
    url = asyncio.run(copy(cluster, name, "template1"))
    try:
        yield url
    finally:
        asyncio.run(drop(cluster, name))


def jdbc(url: str) -> str:
    """Return the address of a database as Java reads it."""
    known = sa.make_url(url)
    query = {"user": known.username or "", "password": known.password or ""}
    address = sa.URL.create(
        "jdbc:postgresql", host=known.host, port=known.port, database=known.database, query=query
    )
    return address.render_as_string(hide_password=False)


def scores(url: str) -> dict[str, float]:
    """Return the scores of all profiles."""
    return asyncio.run(_scores(url))


async def _scores(url: str) -> dict[str, float]:
    connection = await asyncpg.connect(plain(url))
    try:
        return dict(map(tuple, await connection.fetch(_SCORES)))
    finally:
        await connection.close()
