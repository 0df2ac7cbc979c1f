"""Former ids: which identities of today the ids of past identities lead to."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from services.scoring.core.profiles.normal_forms import Current
from services.scoring.store.rebuild import former as rows
from services.scoring.store.rebuild.snapshot import PAGE
from shared.database.engine import Database
from shared.identity import Identity

# Any number of strangers may have shared a placeholder; such an id cannot identify a profile.
MAX_LED_TO: Final = 20


async def find(copy: Database, rebuilt: Database, current: Current) -> None:
    """Fill the rebuild's table of former ids; `evidence.gather` came before.

    An identity that no longer exists leads to the identity of its form of today, else to the identities that
    its interactions are attributed to, else to the identities that were in one profile with it.
    """
    async with aclosing(_missing(copy, rebuilt)) as pages:
        async for page in pages:
            await rebuilt.unit(partial(_follow_form_or_deeds, page=page, current=current))
    async with aclosing(_missing(copy, rebuilt)) as pages:
        async for page in pages:
            members = await copy.read(partial(rows.members, profiles={row.profile_id for row in page}))
            await rebuilt.unit(partial(_follow_person, page=page, members=members))
    async with aclosing(copy.pages(rows.FORMER_IDS, PAGE)) as pages:
        async for page in pages:
            await rebuilt.unit(partial(_follow_former, page=page))


async def _missing(copy: Database, rebuilt: Database) -> AsyncGenerator[list[Any]]:
    """Yield the identities of the live tables that the rebuild lacks."""
    async with aclosing(copy.pages(rows.IDENTITIES, PAGE)) as pages:
        async for page in pages:
            existing = await rebuilt.read(partial(rows.existing, ids=[row.id for row in page]))
            yield [row for row in page if row.id not in existing]


def _follow_form_or_deeds(connection: Connection, page: Sequence[Any], current: Current) -> None:
    rows.write(connection, _by_form(connection, page, current))
    left = rows.leading_nowhere(connection, [row.id for row in page])
    rows.write(connection, rows.taken_over(connection, left, MAX_LED_TO))


def _follow_person(connection: Connection, page: Sequence[Any], members: Mapping[str, Sequence[str]]) -> None:
    left = set(rows.leading_nowhere(connection, [row.id for row in page]))
    profiles = {row.id: row.profile_id for row in page if row.id in left}
    rows.write(connection, _by_person(connection, members, profiles))


def _follow_former(connection: Connection, page: Sequence[Any]) -> None:
    """Let the former ids of the live tables lead to the identities of today."""
    still = rows.existing(connection, [row.id for row in page])
    pairs = [(row.id, row.identity_id) for row in page if row.id not in still]
    rows.write(connection, rows.followed(connection, pairs))


def _by_form(connection: Connection, missing: Iterable[Any], current: Current) -> list[tuple[str, str]]:
    forms = {row.id: current.identity(Identity(row.kind, row.value)) for row in missing}
    ids = {former: form.id for former, form in forms.items() if form is not None}
    existing = rows.existing(connection, list(ids.values()))
    return [(former, today) for former, today in ids.items() if today in existing]


def _by_person(
    connection: Connection, members: Mapping[str, Sequence[str]], profiles: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the former ids with the identities that were in one profile with each, in today's ids."""
    pairs = [(i, other) for i, profile_id in profiles.items() for other in members[profile_id] if other != i]
    followed = rows.followed(connection, pairs)
    led_to: dict[str, set[str]] = {}
    for i, today in followed:
        led_to.setdefault(i, set()).add(today)
    return [(i, today) for i, ids in led_to.items() for today in sorted(ids)[:MAX_LED_TO]]
