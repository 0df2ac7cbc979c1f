"""Reading a matrix that people wrote: what is wrong with it is told with the path of the field."""

from typing import Any

from pydantic import ValidationError

from services.scoring.matrix import Matrix
from shared.errors import Refused


def read_matrix(model: str, document: Any) -> Matrix:
    """Validate a matrix for a model; raises Refused that names the field and what is wrong with it."""
    try:
        matrix = Matrix.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in found["loc"])
        raise Refused("matrix_invalid", f"{field or 'matrix'}: {found['msg']}", field or None) from error
    if matrix.model not in {None, model}:
        raise Refused(
            "matrix_invalid", f"model: this is the draft of {model}, not of {matrix.model}.", "model"
        )
    return matrix.model_copy(update={"model": model})
