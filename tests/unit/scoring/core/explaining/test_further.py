"""The bound on the search for further matches: it counts priced counts, not seconds."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pytest

from services.scoring.core.counting.columns import Columns
from services.scoring.core.counting.counts import Counts
from services.scoring.core.explaining import further
from services.scoring.core.explaining.example import Example, examples
from services.scoring.core.explaining.further import MAX_PRICED
from services.scoring.core.explaining.ways import missing
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.profiles.traits import NOTHING_KNOWN
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import Rule
from tests.support.builders import rule
from tests.unit.scoring.columns import counts_of
from tests.unit.scoring.core.explaining.cases import ways
from tests.unit.scoring.known import TODAY, ruled_by

MANY = 50_000
ONCE_EACH = {"times": 1, "per": "ever", "by": "asset"}


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of counts that each pricing had."""
    sizes: list[int] = []

    def noted(counts: Sequence[Counts], keys: Collection[str]) -> Columns:
        sizes.append(sum(len(profile_counts.entries) for profile_counts in counts))
        return Columns(counts, keys)

    monkeypatch.setattr(further, "Columns", noted)
    return sizes


def who_saw(rules: Matrix, number: int = MANY) -> ScoreInput:
    """A profile that visited `number` assets, once each; all rules count them alike."""
    (key,) = rules.rules_of
    return ScoreInput(counts_of({TODAY: {f'"{n}"': 1 for n in range(number)}}, key), NOTHING_KNOWN)


def times_by_rule(of: ScoreInput, rules: Matrix) -> dict[str, int]:
    return {way.rule: way.times for way in missing(of, rules, TODAY).ways}


def once_each(number: int, flip_number: float, points: float = 1, **more: Any) -> Matrix:
    """A matrix of `number` rules, each with a limit by asset."""
    rules = (rule(f"r{n}", points, limit=ONCE_EACH, label=f"R{n}", **more) for n in range(number))
    return ruled_by(*rules, flip_number=flip_number)


def test_missing_matches_of_a_profile_with_many_counts_are_found(priced: list[int]) -> None:
    rules = once_each(1, MANY + 3)
    of = who_saw(rules)
    assert times_by_rule(of, rules) == {"r0": 3}
    assert 0 < sum(priced) <= MAX_PRICED


def test_the_search_stops_when_the_bound_on_priced_counts_is_reached(priced: list[int]) -> None:
    rules = once_each(1, MANY + 1000)
    of = who_saw(rules)
    assert times_by_rule(of, rules) == {}
    assert MAX_PRICED / 2 < sum(priced) <= MAX_PRICED


def test_the_search_uses_the_bound_on_priced_counts_completely(
    priced: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten counts and one more each time: it makes the copies that three further matches need and no more."""
    rules = once_each(1, 13)
    of = who_saw(rules, 10)
    needed = [at_most for at_most in range(200) if _answer(of, rules, at_most, monkeypatch)]
    assert needed == list(range(needed[0], 200))
    assert 11 + 12 + 13 <= needed[0] <= 4 * 14


def _answer(of: ScoreInput, rules: Matrix, at_most: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(further, "MAX_PRICED", at_most)
    found = times_by_rule(of, rules)
    assert found in ({}, {"r0": 3})
    return bool(found)


def test_the_bound_on_priced_counts_holds_for_two_hundred_rules(
    priced: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each rule asks for other values of `by`, and all rules are tried with each of these values."""
    monkeypatch.setattr(further, "MAX_PRICED", 300)
    assert ways(once_each(200, 200_000)) == []
    assert 0 < sum(priced) <= 300


def test_no_examples_are_searched_after_the_bound_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look through the used part of a limit takes as long as to price it once."""
    searched: list[str] = []

    def noted(rule: Rule, counts: Counts, day: int) -> Iterator[Example]:
        searched.append(rule.id)
        return examples(rule, counts, day)

    monkeypatch.setattr(further, "examples", noted)
    monkeypatch.setattr(further, "MAX_PRICED", 10_000)
    rules = once_each(5, MANY)
    assert times_by_rule(who_saw(rules, 1_000), rules) == {}
    assert searched == ["r0"]
