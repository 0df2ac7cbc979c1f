"""What costs much to prepare and is always the same is prepared once, and not once for each test.

To prepare what reads bodies and parameters took a quarter of the processor time of composing an application,
though it depends on the type and its constraints alone. To load the certificates of all authorities took most
of the time of making an HTTP client. Processes that tests start are not affected.
"""

from functools import cache
from typing import Any, get_args

from fastapi._compat import v2
from httpx._transports import default
from pydantic import TypeAdapter

_PREPARED: dict[Any, TypeAdapter[Any]] = {}


def share_prepared_types() -> None:
    """Have all routes that are made from now on use one adapter for one type."""
    private: Any = v2
    private.TypeAdapter = _shared


def share_certificates() -> None:
    """Have all HTTP clients that are made from now on load the certificates of authorities once."""
    private: Any = default
    private.create_ssl_context = cache(private.create_ssl_context)


def _shared(annotated: Any, *, config: Any) -> TypeAdapter[Any]:
    kind, *constraints = get_args(annotated)
    # Constraints cannot be hashed, and their repr has all that they are.
    key = kind, repr(constraints), repr(config)
    # The key keeps the type: no other can get its place in memory, and so its hash.
    if key not in _PREPARED:
        _PREPARED[key] = TypeAdapter(annotated, config=config)
    return _PREPARED[key]
