"""The parameters in paths; nothing reaches the database unchecked."""

from typing import Annotated

from fastapi import Path

ID_PATTERN = r"^[A-Za-z0-9_.:-]{1,128}$"

Id = Annotated[str, Path(pattern=ID_PATTERN)]
