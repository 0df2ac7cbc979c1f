"""An oddity: what the API calls a warning about a matrix."""

from typing import Literal, NamedTuple, TypeAlias

Unmet: TypeAlias = Literal["no", "likely", "surely"]
"""Whether no profile meets a part: `likely`, judged by what has been seen, or `surely`, whatever may come."""


class MatrixWarning(NamedTuple):
    """Something in a matrix that is allowed and probably wrong; `field` is its path and `code` a stable slug.

    `rule` is the id of its rule. `seen` is what came instead of what is asked for, or a few of many values;
    `suggestion` is what is most likely meant. `unmet` is whether no profile meets the part at `field`.
    """

    field: str
    code: str
    message: str
    rule: str | None = None
    seen: tuple[str, ...] = ()
    suggestion: str | None = None
    unmet: Unmet = "no"
