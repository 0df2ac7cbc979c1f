"""Values with the revision of their row, which guards it: an optimistic lock."""

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Revised(NamedTuple, Generic[T]):
    """A value as a transaction read or changed it, with the revision of its row when it was read.

    The row is written only while it still has this revision. 0 is the revision of a row that does not exist.
    """

    value: T
    revision: int
