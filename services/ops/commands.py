"""`flipline dead-letters`: the commands and what they take."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.console import Console

from services.calling import Api
from services.commands.options import DataDir
from services.ops import dead_letters
from services.ops.client import ops_api
from shared.errors import Refused

Connect: TypeAlias = Callable[[str | None, Path | None], tuple[str, str]]
"""Takes a URL and a data directory, both optional, and returns the instance's URL and a key of ops."""

Url = Annotated[str | None, typer.Option(help="The address of a running instance, of its ingest.")]
RefusedBy = Annotated[str | None, typer.Option(help="`ingest`, or the group that parked the message.")]
Code = Annotated[str | None, typer.Option(help="The reason's code.")]
Since = Annotated[str | None, typer.Option(help="Refused at this date or instant or later.")]
Until = Annotated[str | None, typer.Option(help="Refused before this date or instant.")]


def dead_letter_commands(connect: Connect) -> typer.Typer:
    """Return the group of commands; `connect` raises Misconfigured when there is no key."""
    app = typer.Typer(
        no_args_is_help=True, help="Dead letters, which are refused or parked input: list, show, replay."
    )

    def run(url: str | None, data_dir: Path | None, do: Callable[[Api, Console], Awaitable[None]]) -> None:
        asyncio.run(_with_api(*connect(url, data_dir), do))

    @app.command("list")
    def list_letters(  # pyright: ignore[reportUnusedFunction]
        refused_by: RefusedBy = None,
        code: Code = None,
        since: Since = None,
        until: Until = None,
        replayed: Annotated[
            bool, typer.Option("--replayed", help="The replayed letters instead of the open letters.")
        ] = False,
        limit: Annotated[int, typer.Option(min=1, help="The most letters to list.")] = 50,
        url: Url = None,
        data_dir: DataDir = None,
    ) -> None:
        """List open dead letters, the latest refused first."""
        filters = without_none(refused_by=refused_by, code=code, since=since, until=until)
        filters |= {"replayed": "true"} if replayed else {}
        run(url, data_dir, lambda api, console: dead_letters.show_list(api, filters, limit, console))

    @app.command()
    def show(  # pyright: ignore[reportUnusedFunction]
        letter_id: Annotated[str, typer.Argument(metavar="ID")],
        url: Url = None,
        data_dir: DataDir = None,
    ) -> None:
        """Show a dead letter with its payload, personal data included."""
        run(url, data_dir, lambda api, console: dead_letters.show(api, letter_id, console))

    @app.command()
    def replay(  # pyright: ignore[reportUnusedFunction]
        letter_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]")] = None,
        every: Annotated[bool, typer.Option("--all", help="Every open dead letter.")] = False,
        refused_by: RefusedBy = None,
        code: Code = None,
        since: Since = None,
        until: Until = None,
        url: Url = None,
        data_dir: DataDir = None,
    ) -> None:
        """Put dead letters on the log again, once their cause is mended; a second replay changes nothing."""
        ids = letter_ids or []
        filters = without_none(refused_by=refused_by, code=code, since=since, until=until)
        if sum(map(bool, (ids, filters, every))) != 1:
            raise Refused("selection_missing", "Give either ids, or filters such as --refused-by, or --all.")
        run(url, data_dir, lambda api, console: dead_letters.replay(api, ids, filters, console))

    return app


def without_none(**filters: str | None) -> dict[str, str]:
    """Return the filters that are set."""
    return {name: value for name, value in filters.items() if value is not None}


async def _with_api(url: str, key: str, do: Callable[[Api, Console], Awaitable[Any]]) -> None:
    api = ops_api(url, key)
    try:
        await do(api, Console())
    finally:
        await api.close()
