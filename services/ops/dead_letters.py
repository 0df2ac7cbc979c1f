"""Dead letters on a running instance: listed, shown and replayed over its HTTP API, as ops reads them."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import quote

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from services.calling import Api
from services.ops import display
from shared.errors import Refused, Unavailable

PATH: Final = "/v1/dead-letters"
PAGE: Final = 200
MAX_IDS: Final = 1_000
MAX_SHOWN: Final = 20
_COLUMNS: Final = ("id", "refused_at", "refused_by", "code", "message")

Json = Mapping[str, Any]


async def show_list(api: Api, filters: Mapping[str, str], limit: int, console: Console) -> None:
    """Print up to `limit` dead letters that pass the filters, the latest refused first."""
    shown = display.table("Dead letters", *(name.replace("_", " ") for name in _COLUMNS))
    shown.columns[0].overflow = "fold"
    number, more = 0, False
    async with aclosing(_listed(api, filters, limit + 1)) as letters:
        async for letter in letters:
            more = number == limit
            if more:
                break
            number += 1
            shown.add_row(*(Text(display.printable(letter[name])) for name in _COLUMNS))
    if not number:
        console.print("No dead letters.")
        return
    console.print(shown)
    if more:
        console.print(
            f"There are more than these {number:,} letters: raise --limit, or add a filter.", highlight=False
        )


async def _listed(api: Api, filters: Mapping[str, str], number: int) -> AsyncGenerator[Json]:
    """Yield letters page by page; the caller takes at most `number` letters."""
    parameters: dict[str, str | int] = {**filters, "limit": min(PAGE, number)}
    while True:
        page = (await api("GET", PATH, params=parameters)).body
        for letter in page["items"]:
            yield letter
        if "next_cursor" not in page:
            return
        parameters["cursor"] = page["next_cursor"]


async def show(api: Api, letter_id: str, console: Console) -> None:
    """Print a dead letter, with its payload last."""
    letter = (await api("GET", f"{PATH}/{quote(letter_id, safe='')}")).body
    shown = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    payload = letter.pop("payload")
    for name, value in letter.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        shown.add_row(name.replace("_", " "), Text(display.printable(text)))
    console.print(shown)
    console.print("payload:")
    console.print(Text(display.printable(payload)), soft_wrap=True)


async def replay(api: Api, letter_ids: Sequence[str], filters: Mapping[str, str], console: Console) -> None:
    """Replay the letters with these ids, or without ids all open letters that pass the filters.

    Prints the outcome. Raises Refused when a letter is refused again, and Unavailable when the instance
    cannot go on, with the number of letters that it has replayed.
    """
    replayed, already, refused = 0, 0, list[Json]()
    bar = Progress(
        TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, disable=not console.is_terminal,
    )  # fmt: skip
    try:
        with bar:
            task = bar.add_task("", total=None)
            async with aclosing(_replayed(api, letter_ids, filters)) as answers:
                async for answer in answers:
                    replayed += answer["replayed"]
                    already += answer["already_replayed"]
                    refused += answer["refused"]
                    done = replayed + already + len(refused)
                    bar.update(task, completed=done, total=done + answer["remaining"])
    except Unavailable as error:
        message = (
            f"{error.message} Replayed until then: {replayed:,}. Run this command again to replay the rest."
        )
        raise Unavailable(error.code, message) from error
    console.print(f"Replayed: {replayed:,}.", highlight=False)
    if already:
        console.print(f"Already replayed before: {already:,}.", highlight=False)
    if refused:
        console.print(_refusals(refused[:MAX_SHOWN]))
        raise Refused(
            "refused_again",
            f"Refused again: {len(refused):,}. They stay open: mend the cause, and replay them again.",
        )


async def _replayed(api: Api, letter_ids: Sequence[str], filters: Mapping[str, str]) -> AsyncGenerator[Json]:
    """Yield the answer to each call; with ids, `remaining` counts the letters that are not yet sent."""
    for start in range(0, len(letter_ids), MAX_IDS):
        ids = letter_ids[start : start + MAX_IDS]
        answer = (await api("POST", f"{PATH}/replay", {"ids": ids}, patient=True)).body
        yield answer | {"remaining": max(0, len(letter_ids) - start - MAX_IDS)}
    if letter_ids:
        return
    body: dict[str, Any] = dict(filters)
    while True:
        answer = (await api("POST", f"{PATH}/replay", body, patient=True)).body
        yield answer
        if not answer["more"]:
            return
        body["cursor"] = answer["next_cursor"]


def _refusals(refused: Sequence[Json]) -> Table:
    shown = display.table("Refused again", "id", "code", "why")
    shown.columns[0].overflow = "fold"
    for refusal in refused:
        shown.add_row(*(Text(display.printable(refusal[name])) for name in ("id", "code", "message")))
    return shown
