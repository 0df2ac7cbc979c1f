"""What to activate and how, from the options of the command line."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from shared.errors import Refused, TooLarge
from shared.web.middleware import MAX_REQUEST_BYTES

Handoff = Literal["new_activity_only", "all", "none"]


def model_path(model: str) -> str:
    """Return the path of a model in the API."""
    return f"/v1/models/{quote(model, safe='')}"


@dataclass(frozen=True)
class ActivationRequest:
    """What to activate: an older `version`, or the draft, which `matrix` (a file of JSON) replaces before.

    `handoff` decides about profiles that flip only by the activation; without `yes` the command asks at a
    terminal.
    """

    model: str
    matrix: Path | None = None
    version: int | None = None
    handoff: Handoff = "new_activity_only"
    note: str | None = None
    author: str | None = None
    yes: bool = False

    @property
    def path(self) -> str:
        """The path of the model in the API."""
        return model_path(self.model)

    def hands_over(self, active: int | None) -> bool:
        """Return whether to hand over under the active version, instead of activating."""
        return self.handoff == "all" and self.version is not None and self.version == active

    def read_matrix(self) -> bytes | None:
        """Return the bytes of the file that becomes the draft; the instance checks its matrix.

        Raises Refused when the file cannot be a matrix, or when a version is wanted too.
        """
        if self.matrix is None:
            return None
        if self.version is not None:
            raise Refused(
                "matrix_or_version", "Give --matrix or --version: a version has its matrix already."
            )
        with self.matrix.open("rb") as file:
            data = file.read(MAX_REQUEST_BYTES + 1)
        if len(data) > MAX_REQUEST_BYTES:
            raise TooLarge(
                "file_too_large",
                f"{self.matrix} is not a matrix: it has more than {MAX_REQUEST_BYTES:,} bytes.",
            )
        try:
            document = json.loads(data)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            message = f"{self.matrix} is not valid JSON: {error.msg} ({where})."
            raise Refused("file_no_json", message) from error
        except (ValueError, RecursionError) as error:
            message = f"{self.matrix} cannot be read as JSON: it nests too deep, or is not in UTF-8."
            raise Refused("file_no_json", message) from error
        if not isinstance(document, dict):
            raise Refused("file_no_object", f"{self.matrix} is not a matrix: a matrix is a JSON object.")
        return data
