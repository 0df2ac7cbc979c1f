"""What reads bodies and parameters is prepared once for all routes, and not once for those of each test.

To prepare it anew took a quarter of the processor time of composing an application. What is prepared depends
on the type and its constraints alone. Processes that tests start are not affected.
"""

from typing import Any, get_args

from fastapi._compat import v2
from pydantic import TypeAdapter

_PREPARED: dict[Any, TypeAdapter[Any]] = {}


def share_prepared_types() -> None:
    """Have all routes that are made from now on use one adapter for one type."""
    v2.TypeAdapter = _shared


def _shared(annotated: Any, *, config: Any) -> TypeAdapter[Any]:
    kind, *constraints = get_args(annotated)
    # Constraints cannot be hashed; how they are written tells all that they are.
    key = kind, repr(constraints), repr(config)
    # The key keeps the type: no other can get its place in memory, and so its hash.
    if key not in _PREPARED:
        _PREPARED[key] = TypeAdapter(annotated, config=config)
    return _PREPARED[key]
