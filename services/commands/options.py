"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer


def _directory(text: str) -> Path:
    if not text.strip():
        raise typer.BadParameter("it is empty; name a directory")
    return Path(text)


Port = Annotated[int | None, typer.Option(help="Port to listen on, instead of FLIPLINE_PORT.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        parser=_directory, metavar="DIRECTORY", help="Where files and keys are, instead of FLIPLINE_DATA_DIR."
    ),
]
