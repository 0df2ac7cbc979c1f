"""The rules of a matrix: a condition on interactions or traits, and its price."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from services.scoring.matrix.trait_conditions import TraitCondition, TraitTest, compile_traits
from shared.condition_size import check_size
from shared.conditions import Condition, Path, explain, fingerprint
from shared.names import SLUG_PATTERN
from shared.strict import Fault, Strict

DIGITS = 3
"""The number of digits after the point to which a score is rounded."""

# Up to this value a double is exact to these digits.
MAX_POINTS = 1_000_000
MAX_DAYS = 3_660


def _days_in(written: Any) -> Any:
    if isinstance(written, str):
        match = re.fullmatch(r"([0-9]{1,4})d", written, re.ASCII)
        if match is None:
            raise ValueError("is a number of days, such as 30d")
        return int(match[1])
    raise ValueError("is a text with a number of days, such as '30d'")


Slug = Annotated[str, Field(pattern=SLUG_PATTERN)]
# Numbers are strict: true is not 1, and "3" is not 3. Points may be written as a whole number.
Points = Annotated[float, Field(strict=True, ge=-MAX_POINTS, le=MAX_POINTS, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, le=MAX_POINTS, allow_inf_nan=False)]
Negative = Annotated[float, Field(strict=True, lt=0, ge=-MAX_POINTS, allow_inf_nan=False)]
Duration = Annotated[
    int,
    Field(ge=1, le=MAX_DAYS),
    BeforeValidator(_days_in, json_schema_input_type=str),
    PlainSerializer(lambda days: f"{days}d", return_type=str),
]
"""A number of whole days, written `30d`."""
Label = Annotated[str, Field(max_length=200)]
Per = Literal["day", "week", "month", "ever"]
Machine = Literal["exclude", "include", "only"]


class Limit(Strict):
    """At most `times` paid matches per UTC day, ISO week, calendar month or ever; `by`: for each value."""

    times: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    per: Per
    by: Path | None = None


class Rule(Strict):
    """A condition on interactions and its price.

    `cap` is the most that it can give, or take when points are negative. Points fade by half every
    `half_life`, or count for `window` days and then no more. Interactions of machines count only on request.
    """

    id: Slug
    label: Label = ""
    when: Annotated[Condition, BeforeValidator(check_size)]
    points: Points
    limit: Limit | None = None
    cap: Positive | None = None
    half_life: Duration | None = None
    window: Duration | None = None
    machine: Machine = "exclude"

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield a fault for a rule that has both a half-life and a window."""
        if written.get("half_life") is not None and written.get("window") is not None:
            yield Fault((), "give half_life or window, not both")

    @cached_property
    def count_key(self) -> str:
        """The key under which the rule's matches are counted; rules with the same condition share it."""
        key = fingerprint(self.when, self.limit.by if self.limit else None)
        return key if self.machine == "exclude" else f"{key}:{self.machine}"

    @cached_property
    def title(self) -> str:
        """The label, or the condition in words if there is none."""
        return self.label or explain(self.when)


class TraitRule(Strict):
    """A condition on traits; it gives its points for as long as the traits meet it."""

    id: Slug
    label: Label = ""
    when: TraitCondition
    points: Points

    @cached_property
    def title(self) -> str:
        """The label, or the condition in words if there is none."""
        return self.label or explain(self.when)

    @cached_property
    def holds(self) -> TraitTest:
        """The condition as a function of traits."""
        return compile_traits(self.when)
