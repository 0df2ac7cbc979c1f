"""Reading a matrix that a user wrote: all faults are reported at once, field by field."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from pydantic import ValidationError

from services.scoring.matrix.bounds import most
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.messages import complaints
from services.scoring.matrix.size import MAX_VALUES, has_too_many_values, oversized
from shared.errors import MAX_COMPLAINTS, Complaint, Refused
from shared.wording import is_slug


def read_matrix(model: str, document: Any) -> Matrix:
    """Validate a matrix that a user wrote for a model.

    Raises Refused that names the wrong fields and what is wrong with them; also when no profile could ever
    reach the flip number, and when the matrix is too large as a whole.
    """
    if has_too_many_values(document):
        message = f"a matrix has at most {MAX_VALUES:,} values in all."
        raise _refused([Complaint(field=None, message=message)])
    return _checked(model, document, lambda matrix: chain(oversized(matrix), _unreachable(matrix)))


def stored_matrix(model: str, document: Any) -> Matrix:
    """Read a matrix that was accepted once; stricter checks of `read_matrix` must not make it unreadable.

    Raises Refused when it is not a matrix, or belongs to another model.
    """
    return _checked(model, document, lambda _: ())


def _checked(model: str, document: Any, demands: Callable[[Matrix], Iterable[Complaint]]) -> Matrix:
    of_another = _of_another(model, document)
    try:
        matrix = Matrix.model_validate(document)
    except ValidationError as error:
        raise _refused([*complaints(error.errors(include_url=False), document), *of_another]) from error
    except RecursionError as error:
        raise _refused([Complaint(field=None, message="is nested too deep")]) from error
    if wrong := [*of_another, *demands(matrix)]:
        raise _refused(wrong)
    return matrix.model_copy(update={"model": model})


def _of_another(model: str, document: Any) -> list[Complaint]:
    named = document.get("model") if isinstance(document, Mapping) else None
    if not is_slug(named) or named == model:
        return []
    return [Complaint(field="model", message=f"this is the draft of {model}, not of {named}.")]


def _unreachable(matrix: Matrix) -> Iterator[Complaint]:
    reachable = most(matrix)
    if reachable < matrix.flip_number:
        message = (
            f"no one can reach {matrix.flip_number:.10g}; "
            f"caps and limits let the rules give at most {reachable:.10g}."
        )
        yield Complaint(field="flip_number", message=message)


def _refused(found: list[Complaint]) -> Refused:
    errors = found[:MAX_COMPLAINTS]
    field, message = errors[0]["field"], errors[0]["message"]
    return Refused("matrix_invalid", f"{field or 'matrix'}: {message}", field, errors)
