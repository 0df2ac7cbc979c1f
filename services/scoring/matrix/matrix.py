"""The matrix: a model's rules, as ops write them and as an immutable version stores them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from services.scoring.matrix.consistency import inconsistencies
from services.scoring.matrix.prices import Prices, prices_of
from services.scoring.matrix.rules import Duration, Negative, Points, Positive, Rule, Slug, TraitRule
from services.scoring.matrix.thresholds import Grading, Thresholds, grading, stages_in
from services.scoring.matrix.trait_conditions import TraitCondition, Traits, TraitTest, compile_traits
from shared.comparison import Comparison
from shared.conditions import Path, explain
from shared.known_traits import Reader, canonical, reader
from shared.matching import compile_comparison
from shared.strict import Fault, Strict, few, is_number

Audience = Literal["sales", "offer"]

MAX_RULES = 200

EMAIL_DOMAIN = "email_domain"

# Defaults for A, B, C as parts of all that trait rules can give, and for 1, 2, 3 as parts of the flip number.
_FIT_STEPS = (0.75, 0.5, 0.25)
_ENGAGEMENT_STEPS = (1.0, 0.5, 0.25)

INACTIVITY_RULE = "inactivity"
ADJUSTMENT_RULE = "adjustment"
# Reasons that come from no rule have these ids.
_RESERVED_IDS = frozenset({INACTIVITY_RULE, ADJUSTMENT_RULE})


class Group(Strict):
    """Rules whose summed points are limited by the cap, on either side of zero."""

    rules: Annotated[list[Slug], Field(min_length=1, max_length=MAX_RULES)]
    cap: Positive


class Inactivity(Strict):
    """Points taken `after` days without a human interaction, again after each `every`, down to `floor`."""

    after: Duration
    points: Negative
    every: Duration | None = None
    floor: Negative | None = None

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield a fault for a floor that is above the first step."""
        floor, points = written.get("floor"), written.get("points")
        if is_number(floor) and is_number(points) and floor > points:
            yield Fault(("floor",), f"{floor:g} is above the {points:g} of the first step")


class Grades(Strict):
    """Thresholds of the grade: `fit` in points of trait rules, `engagement` in points of what was done.

    Each has the thresholds of the first three of four values: A, B, C, else D; 1, 2, 3, else 4.
    """

    fit: tuple[Points, Points, Points]
    engagement: tuple[Points, Points, Points]

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield a fault for thresholds that do not fall."""
        for name in cls.model_fields:
            match written.get(name):
                case [first, second, third] if all(map(is_number, (first, second, third))):
                    if not first > second > third:
                        yield Fault((name,), "the thresholds fall from the first to the third")
                case _:
                    continue


class Offer(Strict):
    """What is offered to a profile that flips, as the lead contains it."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    coupon: Annotated[str, Field(min_length=1, max_length=100)] | None = None


class Matrix(Strict):
    """A model's rules, flip number and named stages."""

    model: Slug | None = None
    flip_number: Positive
    stages: Annotated[dict[Slug, Points], few(20)] = Field(default={}, max_length=20)
    rules: list[Rule] = Field(default=[], max_length=MAX_RULES)
    traits: list[TraitRule] = Field(default=[], max_length=MAX_RULES)
    groups: Annotated[dict[Slug, Group], few(50)] = Field(default={}, max_length=50)
    inactivity: Inactivity | None = None
    grades: Grades | None = None
    requires: list[Path] = Field(default=[], max_length=20)
    excludes: list[TraitCondition] = Field(default=[], max_length=50)
    requalify_after: Duration | None = None
    audience: Audience = "sales"
    campaign: Slug | None = None
    offer: Offer | None = None

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield the contradictions between parts of the matrix."""
        is_empty = written.get("rules", []) == [] == written.get("traits", [])
        if is_empty and written.keys() <= cls.model_fields.keys():
            yield Fault(("rules",), "name at least one rule, of behaviour or of traits")
        yield from inconsistencies(written, _RESERVED_IDS)

    @cached_property
    def group_of(self) -> Mapping[str, str]:
        """The group of each rule that is in a group, by the rule's id."""
        return {rule_id: name for name, group in self.groups.items() for rule_id in group.rules}

    @cached_property
    def rules_of(self) -> Mapping[str, Sequence[Rule]]:
        """The rules that read each count, by count key."""
        rules_of: dict[str, list[Rule]] = {}
        for rule in self.rules:
            rules_of.setdefault(rule.count_key, []).append(rule)
        return rules_of

    @cached_property
    def reads_traits(self) -> bool:
        """Whether anything except the hand-over itself depends on traits."""
        return bool(self.traits or self.requires or self.excludes)

    @cached_property
    def fading(self) -> tuple[Rule, ...]:
        """The rules whose points become fewer with time."""
        return tuple(rule for rule in self.rules if rule.half_life is not None or rule.window is not None)

    @cached_property
    def prices(self) -> Prices:
        """The prices of the rules, as columns."""
        return prices_of(self.rules)

    @cached_property
    def fades(self) -> bool:
        """Whether any rule has a half-life."""
        return any(rule.half_life is not None for rule in self.rules)

    def excluded_by(self, traits: Traits, email_domains: Iterable[tuple[str, ...]]) -> str | None:
        """Return, in words, the exclusion that holds for a profile with these traits, if any.

        A profile with a second address at a competitor belongs to the competitor, so each domain is tested; a
        domain meets a test when it, or its registered domain, does.
        """
        seen = [{**traits, EMAIL_DOMAIN: domains} for domains in email_domains] or [traits]
        return next((condition for condition, holds in self._exclusions if any(map(holds, seen))), None)

    @cached_property
    def _exclusions(self) -> list[tuple[str, TraitTest]]:
        return [(explain(condition), compile_traits(condition, _either)) for condition in self.excludes]

    def missing(self, traits: Traits) -> tuple[str, ...]:
        """Return the required traits that are missing, in the order of the matrix."""
        return tuple(name for name, read in self._required if read(traits) is None)

    @cached_property
    def _required(self) -> list[tuple[str, Reader]]:
        return [(name, reader(name)) for name in self.requires]

    @cached_property
    def grading(self) -> Grading | None:
        """The grades of the matrix; None without trait rules and `grades`."""
        if self.grades is not None:
            return grading(self.grades.fit, self.grades.engagement)
        if not self.traits:
            return None
        best = self._best_fit()
        return grading(
            [best * part for part in _FIT_STEPS], [self.flip_number * part for part in _ENGAGEMENT_STEPS]
        )

    def _best_fit(self) -> float:
        """Return the most that all trait rules can give together, within the caps of their groups."""
        of_group: dict[str | None, float] = {}
        for rule in self.traits:
            group = self.group_of.get(rule.id)
            of_group[group] = of_group.get(group, 0.0) + max(rule.points, 0.0)
        return sum(
            points if name is None else min(points, self.groups[name].cap)
            for name, points in of_group.items()
        )

    def grade(self, fit: float, engagement: float) -> str | None:
        """Return the grade A1 to D4, None when the matrix has no grades."""
        return self.grading.names_of(np.array([fit]), np.array([engagement]))[0] if self.grading else None

    def stage(self, score: float) -> str | None:
        """Return the highest stage that the score reaches, or None below all of them."""
        return self.stage_steps.names_of(np.array([score]))[0]

    @cached_property
    def stage_steps(self) -> Thresholds:
        """The stages as steps; a score has the highest stage that it reaches."""
        return stages_in(self.stages)

    def canonical(self) -> dict[str, Any]:
        """Return the matrix as the JSON that a version stores: as it was written, without defaults."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _either(trait: str, test: Comparison) -> Callable[[Any], bool]:
    """Return a test that an e-mail domain meets when it, or its registered domain, meets the given test."""
    holds = compile_comparison(test)
    if canonical(trait) != EMAIL_DOMAIN:
        return holds
    return lambda value: any(map(holds, value)) if isinstance(value, tuple) else holds(value)


@dataclass(frozen=True)
class Version:
    """An immutable numbered matrix of a model."""

    model: str
    number: int
    matrix: Matrix
