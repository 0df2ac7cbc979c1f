"""`flipline models`: the commands and what they take."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from services.calling import Api
from services.commands.options import DataDir
from services.ops import handing_over, models
from services.ops.client import ops_api
from services.ops.commands import Connect, without_none

Model = Annotated[str, typer.Argument(help="The model's slug.")]
Note = Annotated[str | None, typer.Option(help="The reason.")]
Author = Annotated[str | None, typer.Option(help="The author; by default one made from the key.")]
Url = Annotated[str | None, typer.Option(help="A running instance.")]


def model_commands(connect: Connect) -> typer.Typer:
    """Return the group of commands; `connect` raises Misconfigured when there is no key."""
    app = typer.Typer(
        no_args_is_help=True, help="Models: list, show, retire, and hand over profiles that were kept back."
    )

    @app.command("list")
    def list_models(  # pyright: ignore[reportUnusedFunction]
        url: Url = None, data_dir: DataDir = None
    ) -> None:
        """List the models: which models score, and which are retired."""
        with asyncio.Runner() as runner, _Connected(runner, *connect(url, data_dir)) as api:
            runner.run(models.show_list(api, Console()))

    @app.command()
    def show(  # pyright: ignore[reportUnusedFunction]
        model: Model, url: Url = None, data_dir: DataDir = None
    ) -> None:
        """Show a model, and who activated each version."""
        with asyncio.Runner() as runner, _Connected(runner, *connect(url, data_dir)) as api:
            runner.run(models.show(api, model, Console()))

    @app.command()
    def retire(  # pyright: ignore[reportUnusedFunction]
        model: Model,
        note: Note = None,
        author: Author = None,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        url: Url = None,
        data_dir: DataDir = None,
    ) -> None:
        """Retire a model: it scores no longer. One that never scored is removed. An activation revives it."""
        with asyncio.Runner() as runner, _Connected(runner, *connect(url, data_dir)) as api:
            models.retire(api, runner.run, model, without_none(note=note, author=author), Console(), yes=yes)

    @app.command("handoff")
    def hand_over(  # pyright: ignore[reportUnusedFunction]
        model: Model,
        profiles: Annotated[list[str], typer.Argument(help="Ids of profiles that were kept back.")],
        note: Note = None,
        author: Author = None,
        url: Url = None,
        data_dir: DataDir = None,
    ) -> None:
        """Hand over some profiles kept back; `activate --version N --handoff all` hands over all of them."""
        with asyncio.Runner() as runner, _Connected(runner, *connect(url, data_dir)) as api:
            note_and_author = without_none(note=note, author=author)
            runner.run(handing_over.hand_over_named(api, model, profiles, note_and_author, Console()))

    return app


class _Connected:
    """The API of an instance; the runner that used it closes it at the end."""

    def __init__(self, runner: asyncio.Runner, url: str, key: str) -> None:
        self._runner = runner
        self._api = ops_api(url, key, models.ADVICE)

    def __enter__(self) -> Api:
        return self._api

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._api.close())
