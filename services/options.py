"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer


def _directory(text: str) -> Path:
    if not text.strip():
        raise typer.BadParameter("it is empty; name a directory")
    return Path(text)


DataDir = Annotated[
    Path | None,
    typer.Option(
        parser=_directory, metavar="DIRECTORY", help="Where files and keys are, instead of FLIPLINE_DATA_DIR."
    ),
]
