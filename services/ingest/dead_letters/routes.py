"""The routes under /v1/dead-letters."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy import Connection
from starlette.responses import Response

from services.ingest.dead_letters.parameters import (
    LETTERS,
    Id,
    Name,
    Since,
    Until,
    check_period,
    replay_cursor,
    rest_in,
)
from services.ingest.dead_letters.replay import Replayed, Replayer
from services.ingest.dead_letters.shapes import (
    LetterOut,
    LetterReplayIn,
    LetterReplayOut,
    LetterSummaryOut,
    RefusedAgainOut,
)
from services.ingest.store import dead_letters as store
from services.ingest.store.dead_letters import LetterFilter, LetterKey
from shared.database.engine import Database
from shared.web.auth import Requires
from shared.web.keyed import keyed_router
from shared.web.lists import Page, Paging, list_of


def letter_routes(database: Database, replayer: Replayer, requires: Requires) -> APIRouter:
    """Return the routes that list, show and replay dead letters."""
    router = keyed_router(requires, prefix="/v1/dead-letters", tag="dead letters")

    @router.get("", **list_of(LetterSummaryOut))
    async def list_letters(
        paging: Paging,
        refused_by: Name = None,
        code: Name = None,
        since: Since = None,
        until: Until = None,
        replayed: bool = False,
    ) -> Page[LetterSummaryOut] | Response:
        """List the open dead letters, or with `replayed` the replayed ones, the latest refused first."""
        check_period(since, until)
        letter_filter = LetterFilter(refused_by, code, since, until, replayed)
        key = LETTERS.read(paging.cursor)
        before = LetterKey(*key) if key else None

        def read_page(connection: Connection) -> list[dict[str, Any]]:
            store.check_group(connection, "query.refused_by", refused_by)
            return store.page(connection, letter_filter, before, paging.rows)

        rows, next_cursor = paging.split(
            await database.read(read_page), lambda row: LETTERS.write(row["refused_at"], row["id"])
        )
        return paging.answer(
            LetterSummaryOut, [LetterSummaryOut.model_validate(row) for row in rows], next_cursor
        )

    @router.get("/{letter_id}")
    async def get_letter(letter_id: Id) -> LetterOut:
        """Show a dead letter with its payload."""
        return LetterOut.of(await database.read(lambda connection: store.find(connection, letter_id)))

    @router.post("/replay")
    async def replay_letters(
        body: LetterReplayIn, author: Annotated[str, Depends(requires)]
    ) -> LetterReplayOut:
        """Put the content of dead letters on the log again, up to 1,000 letters a call.

        What a tracker sent is read as if it came when it was refused. A letter that is refused again stays
        open; a message that is parked again becomes a new letter. A second replay of a letter changes
        nothing.
        """
        check_period(body.since, body.until)
        if body.ids is not None:
            return _answer(await replayer.by_ids(body.ids, author))
        await database.read(lambda connection: store.check_group(connection, "refused_by", body.refused_by))
        letter_filter = LetterFilter(body.refused_by, body.code, body.since, body.until)
        return _answer(await replayer.matching(letter_filter, rest_in(body.cursor), author))

    return router


def _answer(result: Replayed) -> LetterReplayOut:
    return LetterReplayOut(
        replayed=result.replayed,
        already_replayed=result.already_replayed,
        refused=[RefusedAgainOut(**refusal._asdict()) for refusal in result.refused],
        more=result.rest is not None,
        remaining=result.remaining,
        next_cursor=result.rest and replay_cursor(result.rest),
    )
