"""The matrix: a model's rules, as ops write them and as an immutable version keeps them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.conditions import Condition, Path, check, explain, fingerprint
from shared.errors import Refused

MAX_RULES = 200
# A score is told to 0.001; up to here a double holds that exactly.
MAX_POINTS = 1_000_000

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Points = Annotated[float, Field(ge=-MAX_POINTS, le=MAX_POINTS, allow_inf_nan=False)]
Per = Literal["day", "week", "month", "ever"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limit(_Strict):
    """At most `times` paid matches per UTC day, ISO week, calendar month or ever; `by`: for each value."""

    times: Annotated[int, Field(ge=1, le=1_000_000)]
    per: Per
    by: Path | None = None


class Rule(_Strict):
    """A condition and its price; `cap` is the most that it can give, or take when points are negative."""

    id: Slug
    label: Annotated[str, Field(max_length=200)] = ""
    when: Condition
    points: Points
    limit: Limit | None = None
    cap: Annotated[float, Field(gt=0, le=MAX_POINTS, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _is_evaluable(self) -> "Rule":
        check(self.when)
        return self

    @cached_property
    def count_key(self) -> str:
        """The key under which the rule's matches are counted; rules that ask the same share it."""
        return fingerprint(self.when, self.limit.by if self.limit else None)

    @cached_property
    def title(self) -> str:
        """The label, or the condition in words when there is none."""
        return self.label or explain(self.when)


class Matrix(_Strict):
    """A model's rules, flip number and named stages."""

    model: Slug | None = None
    flip_number: Annotated[float, Field(gt=0, le=MAX_POINTS, allow_inf_nan=False)]
    stages: Annotated[dict[Slug, Points], Field(max_length=20)] = {}
    rules: Annotated[list[Rule], Field(min_length=1, max_length=MAX_RULES)]

    @model_validator(mode="after")
    def _ids_are_distinct(self) -> "Matrix":
        seen: set[str] = set()
        for index, rule in enumerate(self.rules):
            if rule.id in seen:
                raise ValueError(f"rules.{index}.id: {rule.id} is used twice")
            seen.add(rule.id)
        return self

    def stage(self, score: float) -> str | None:
        """Return the highest stage that the score reaches, or None below all of them."""
        reached = [(threshold, name) for name, threshold in self.stages.items() if score >= threshold]
        return max(reached)[1] if reached else None

    def canonical(self) -> dict[str, Any]:
        """Return the matrix as the JSON that a version keeps: what was written, without defaults."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


@dataclass(frozen=True)
class Version:
    """An immutable numbered matrix of a model."""

    model: str
    number: int
    matrix: Matrix


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
