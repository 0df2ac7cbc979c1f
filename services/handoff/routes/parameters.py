"""The parameters in paths; nothing reaches the database unchecked."""

from typing import Annotated

from fastapi import Path

from shared.names import ID_PATTERN

Id = Annotated[str, Path(pattern=ID_PATTERN)]
