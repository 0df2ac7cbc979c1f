"""What an entry of the table of operators says."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

ValueTest: TypeAlias = Callable[[Any], bool]
"""Returns whether a value meets an operator; the value is one of JSON, or MISSING."""

JsonTypes: TypeAlias = frozenset[str]
"""The forms in JSON: text, number, boolean, list, object. Null is no value, so it has no form."""


class TextUse(NamedTuple):
    """How an operator compares a text of its operand with the text of a value."""

    from_start: bool
    """The text of the value begins with it."""
    to_end: bool
    """The text of the value ends with it."""
    has_wildcards: bool
    """`*`, `?` and `[...]` in it stand for other letters."""
    folds: bool
    """Case and accents make no difference."""

    @property
    def is_whole(self) -> bool:
        """Whether the two texts are equal."""
        return self.from_start and self.to_end and not self.has_wildcards


class Bounds(NamedTuple):
    """The bounds of a number; None is no bound."""

    lower: float | None
    upper: float | None
    are_included: bool


class Mismatch(NamedTuple):
    """Why no value of the forms that came meets an operator: words that follow its name."""

    why: str
    is_of_all: bool
    """Whether this is true of everything that the operand names, or only of a part of a list."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator. No field has a default, so that an entry without one of them is an error at import.

    Functions take the operand as its type returns it, unless the field says otherwise. An operand that is a
    list names several values, and one of them is enough.
    """

    name: str
    """As conditions write it."""

    operand: Any
    """The type of the operand, with its limits, for pydantic."""

    faults: Callable[[Any], Iterable[str]] | None
    """Returns what is wrong with an operand beyond its type; takes it as it was written, of any type."""

    words: Callable[[Any], str]
    """Returns the operator and its operand in words that follow the name of the value."""

    compile: Callable[[Any], ValueTest]
    """Returns the test of a value. It is made once and run on every interaction."""

    asks_presence: bool
    """Whether it asks only if there is a value, and not which."""

    only_values: Callable[[Any], Sequence[Any]] | None
    """Returns all the values that meet it, where the operand names them."""

    bounds: Callable[[Any], Bounds] | None
    """Returns the bounds of the numbers that meet it, where it compares numbers alone."""

    text: TextUse | None
    """How it compares texts; None where it does not."""

    mismatch: Callable[[Any, JsonTypes], Mismatch | None]
    """Returns why values of some forms cannot meet it; None when some value can."""

    candidates: Callable[[Any], list[Any]]
    """Returns values that meet it or are its bounds, the likeliest first."""
