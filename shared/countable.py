"""What conditions and counting read of an interaction, wherever it comes from."""

from datetime import datetime
from typing import Any, Protocol


class Countable(Protocol):
    """The type, time, origin and properties of an interaction, and the machine that made it, if any.

    An event `Interaction` is countable as it is. So are a row of the ledger, which lacks the other identities
    and the traits, and an example, which never happened.
    """

    @property
    def type(self) -> str: ...  # noqa: D102 - as in `Interaction`
    @property
    def occurred_at(self) -> datetime: ...  # noqa: D102
    @property
    def source(self) -> str | None: ...  # noqa: D102
    @property
    def campaign(self) -> str | None: ...  # noqa: D102
    @property
    def properties(self) -> dict[str, Any]: ...  # noqa: D102
    @property
    def machine(self) -> str | None: ...  # noqa: D102
