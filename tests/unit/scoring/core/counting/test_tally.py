"""What an interaction adds to the counts: which conditions it meets, and for which value of `by`."""

import json
from typing import Any

import msgspec
import pytest

from services.scoring.core.counting.counts import ACTIVITY, ADJUSTMENTS, NONE, Changes, only, summary
from services.scoring.core.counting.tally import MAX_VALUE_LENGTH, Tally, count, counted, day_of
from services.scoring.matrix.matrix import Matrix
from services.scoring.store.models import Active
from shared.events import Interaction
from tests.support.builders import NOON, interaction, matrix, rule, version
from tests.unit.scoring.known import adjustment, ruled_by, scored

ONCE_EACH = {"times": 1, "per": "ever", "by": "asset"}


def times(rules: Matrix, *done: Interaction) -> int:
    """How often anything was counted."""
    return summary(counted(done, Tally([rules])))[0]


@pytest.mark.parametrize(("machine", "expected"), [("exclude", 1), ("only", 2), ("include", 3)])
def test_interactions_of_machines_count_only_if_the_rule_includes_machines(
    machine: str, expected: int
) -> None:
    done = interaction(), interaction(machine="crawler"), interaction(machine="prefetch")
    assert times(matrix(rule(machine=machine)), *done) == expected


def test_identify_interactions_are_not_counted() -> None:
    assert times(matrix(rule(when={"type": "identify"})), interaction("identify")) == 0


def test_a_retraction_undoes_the_counts_of_an_interaction() -> None:
    tally, changes = Tally([matrix(rule())]), Changes()
    for event in (interaction(), adjustment(5)):
        count(changes, 0, event, tally)
        count(changes, 0, event, tally, times=-1)
    assert changes.to([NONE]) == [NONE]


def test_an_adjustment_is_stored_by_hand_and_matches_no_rule() -> None:
    rules = matrix(
        rule(when={"where": {"points": {"exists": True}}}), inactivity={"after": "9d", "points": -1}
    )
    given = {"model": "m", "points": 5.0, "reason": "met at a fair", "author": "ana"}
    counts = counted([interaction("adjustment", **given)], Tally([rules]))
    assert counts.packed == b""
    (((day, text), times),) = counts.by_hand.items()
    assert (day, json.loads(text), times) == (day_of(NOON), given, 1)


def test_a_tally_of_some_keys_counts_only_these() -> None:
    rules = matrix(rule(), rule("likes", when={"type": "like"}), inactivity={"after": "30d", "points": -1})
    visits, likes = [each_rule.count_key for each_rule in rules.rules]
    given = interaction("adjustment", model="m", points=5, reason="met at a fair", author="ana")
    done = [interaction(), interaction("like"), given]

    def keys_met(tally: Tally) -> list[str]:
        return [key for event in done for key, _ in tally.matches(event)]

    assert keys_met(Tally([rules])) == [ACTIVITY, visits, ACTIVITY, likes, ADJUSTMENTS]
    assert keys_met(Tally([rules], only=[likes, "of another matrix"])) == [likes]
    assert keys_met(Tally([rules], only=())) == []
    assert Tally([rules], only=[likes, "of another matrix"]).keys == {likes}


def test_uncounted_are_the_keys_that_no_active_version_reads() -> None:
    counted_already = version(inactivity={"after": "30d", "points": -1})
    rules = matrix(rule(), rule("likes", when={"type": "like"}), inactivity={"after": "9d", "points": -1})
    likes = rules.rules[1].count_key
    assert Active({"m": counted_already}).uncounted(rules) == {likes}
    assert Active({}).uncounted(rules) == {ACTIVITY, *rules.rules_of}
    # Conditions of a preparation may not be counted for all profiles yet.
    assert Active({}, prepared=(counted_already,)).uncounted(rules) == {ACTIVITY, *rules.rules_of}


def test_an_adjustment_with_invalid_points_raises() -> None:
    with pytest.raises(msgspec.ValidationError):
        counted([interaction("adjustment", points="many")], Tally([]))


def test_long_values_with_the_same_beginning_are_different_values() -> None:
    tally = Tally([matrix(rule(limit=ONCE_EACH))])
    long = [interaction(asset="/" + "x" * 300 + end) for end in "ab"]
    ((_, first),), ((_, second),) = (tally.matches(visit) for visit in long)
    assert first != second
    assert max(len(first), len(second)) <= MAX_VALUE_LENGTH
    assert len(counted(long, tally).entries) == 2


def test_values_of_different_types_are_different_values() -> None:
    visits = [interaction(asset=asset) for asset in (1, "1", True, [1], {"a": 1})]
    assert scored(ruled_by(rule(limit=ONCE_EACH)), *visits).reasons[0].paid == 5


@pytest.mark.parametrize(
    ("values", "different"),
    [
        ([1, 1.0, 1e0], 1),
        ([0, 0.0, -0.0], 1),
        ([[1, {"a": 2}], [1.0, {"a": 2.0}]], 1),
        ([1, 1.5, "1", True], 4),
        ([2**53, float(2**53)], 1),
        ([1e300, 1e300], 1),
    ],
)
def test_equal_json_numbers_are_one_value_in_any_notation(values: list[Any], different: int) -> None:
    (line,) = scored(ruled_by(rule(limit=ONCE_EACH)), *(interaction(asset=value) for value in values)).reasons
    assert (line.count, line.paid) == (len(values), different)


def test_rules_that_ask_the_same_share_their_counts() -> None:
    rules = matrix(rule("a", 1), rule("b", 2, label="other price", limit={"times": 1, "per": "day"}))
    assert len(Tally([rules]).keys - {ADJUSTMENTS}) == 1


def test_a_rule_with_a_limit_by_a_property_has_a_separate_count_key() -> None:
    rules = matrix(rule("a", 1), rule("b", 2, limit={"times": 1, "per": "day", "by": "path"}))
    assert len(Tally([rules]).keys - {ADJUSTMENTS}) == 2


def test_a_condition_without_a_type_is_tested_for_every_type() -> None:
    rules = matrix(rule("any", when={"where": {"path": "/x"}}), rule("visits"))
    counts = counted([interaction(type_, path="/x") for type_ in ("like", "visit")], Tally([rules]))
    by_key = {each_rule.id: summary(only(counts, [each_rule.count_key])) for each_rule in rules.rules}
    assert by_key == {"any": (2, 1), "visits": (1, 1)}
