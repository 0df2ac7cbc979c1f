import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.core.counting import ADJUSTMENTS, MAX_VALUE_LENGTH, Tally, add, count, day_of, total
from services.scoring.core.days import Counts, decode_counts, encode_counts
from services.scoring.model.matrix import Matrix
from shared.events import Interaction
from tests.builders import NOON, interaction, matrix, rule

KEYS = st.sampled_from(["a", "b"])
DAYS = st.integers(739_000, 739_003)
VALUES = st.sampled_from(["", '"x"'])
ENTRIES = st.lists(st.tuples(KEYS, DAYS, VALUES, st.integers(1, 3)), max_size=12)


def counts_of(entries: list[tuple[str, int, str, int]], sign: int = 1) -> Counts:
    counts: Counts = {}
    for key, day, by, times in entries:
        add(counts, key, day, by, sign * times)
    return counts


@given(ENTRIES, ENTRIES, ENTRIES)
def test_counts_are_an_abelian_group(
    a: list[tuple[str, int, str, int]], b: list[tuple[str, int, str, int]], c: list[tuple[str, int, str, int]]
) -> None:
    one, two, three = counts_of(a), counts_of(b), counts_of(c)
    assert total([one, two]) == total([two, one]) == counts_of(a + b)
    assert total([total([one, two]), three]) == total([one, total([two, three])])
    assert total([one, {}]) == one
    assert total([one, counts_of(a, sign=-1)]) == {}


@given(ENTRIES)
def test_counts_survive_being_stored(entries: list[tuple[str, int, str, int]]) -> None:
    assert decode_counts(encode_counts(counts_of(entries))) == counts_of(entries)


def counted(rules: Matrix, *done: Interaction) -> int:
    counts: Counts = {}
    for one in done:
        count(counts, one, Tally([rules]))
    return sum(times for days in counts.values() for values in days.values() for times in values.values())


@pytest.mark.parametrize(("machine", "times"), [("exclude", 1), ("only", 2), ("include", 3)])
def test_what_machines_did_counts_only_where_a_rule_says_so(machine: str, times: int) -> None:
    done = interaction(), interaction(machine="crawler"), interaction(machine="prefetch")
    assert counted(matrix(rule(machine=machine)), *done) == times


def test_identify_links_and_is_not_counted() -> None:
    assert counted(matrix(rule(when={"type": "identify"})), interaction("identify")) == 0


def test_what_is_retracted_leaves_no_trace() -> None:
    rules, one = Tally([matrix(rule())]), interaction()
    counts: Counts = {}
    count(counts, one, rules)
    count(counts, one, rules, times=-1)
    assert counts == {}


def test_an_adjustment_is_counted_as_what_was_given_and_as_nothing_else() -> None:
    rules = matrix(
        rule(when={"where": {"points": {"exists": True}}}), inactivity={"after": "9d", "points": -1}
    )
    counts: Counts = {}
    given = {"model": "m", "points": 5.0, "reason": "met at a fair", "author": "ana"}
    count(counts, interaction("adjustment", **given), Tally([rules]))
    ((day, values),) = counts.pop(ADJUSTMENTS).items()
    assert counts == {}
    assert (day, [json.loads(text) for text in values]) == (day_of(NOON), [given])


def test_a_recount_leaves_adjustments_alone() -> None:
    tally = Tally([matrix(rule())], leave_out=Tally([]).keys)
    given = interaction("adjustment", model="m", points=5, reason="met at a fair", author="ana")
    assert list(tally.matches(given)) == []


def test_an_adjustment_that_is_none_is_told_apart() -> None:
    with pytest.raises(msgspec.ValidationError):
        count({}, interaction("adjustment", points="many"), Tally([]))


def test_long_values_that_begin_alike_are_two_values() -> None:
    rules = matrix(rule(limit={"times": 1, "per": "ever", "by": "path"}))
    counts: Counts = {}
    for end in "ab":
        count(counts, interaction(path="/" + "x" * 300 + end), Tally([rules]))
    ((values,),) = (days.values() for days in counts.values())
    assert len(values) == 2
    assert all(len(value) <= MAX_VALUE_LENGTH for value in values)


def test_rules_that_ask_the_same_share_their_counts() -> None:
    rules = matrix(rule("a", 1), rule("b", 2, label="other price", limit={"times": 1, "per": "day"}))
    assert len(Tally([rules]).keys - {ADJUSTMENTS}) == 1


def test_a_rule_that_counts_by_a_property_has_counts_of_its_own() -> None:
    rules = matrix(rule("a", 1), rule("b", 2, limit={"times": 1, "per": "day", "by": "path"}))
    assert len(Tally([rules]).keys - {ADJUSTMENTS}) == 2


def test_a_condition_of_any_type_is_asked_of_every_type() -> None:
    rules = matrix(rule("any", when={"where": {"path": "/x"}}), rule("visits"))
    counts: Counts = {}
    for type_ in ("like", "visit"):
        count(counts, interaction(type_, path="/x"), Tally([rules]))
    assert sorted(sum(v[""] for v in days.values()) for days in counts.values()) == [1, 2]
