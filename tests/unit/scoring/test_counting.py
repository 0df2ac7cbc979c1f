from hypothesis import given
from hypothesis import strategies as st

from services.scoring.counting import (
    Counts,
    Tally,
    add,
    count,
    counts_for_score,
    decode_counts,
    encode_counts,
    total,
)
from tests.builders import interaction, matrix, rule

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


def test_a_machine_s_interaction_is_not_counted() -> None:
    assert counts_for_score(interaction())
    assert not counts_for_score(interaction(machine="crawler"))


def test_identify_links_and_is_not_counted() -> None:
    assert not counts_for_score(interaction("identify"))


def test_rules_that_ask_the_same_share_their_counts() -> None:
    rules = matrix(rule("a", 1), rule("b", 2, label="other price", limit={"times": 1, "per": "day"}))
    assert len(Tally([rules]).keys) == 1


def test_a_rule_that_counts_by_a_property_has_counts_of_its_own() -> None:
    rules = matrix(rule("a", 1), rule("b", 2, limit={"times": 1, "per": "day", "by": "path"}))
    assert len(Tally([rules]).keys) == 2


def test_a_condition_of_any_type_is_asked_of_every_type() -> None:
    rules = matrix(rule("any", when={"where": {"path": "/x"}}), rule("visits"))
    counts: Counts = {}
    for type_ in ("like", "visit"):
        count(counts, interaction(type_, path="/x"), Tally([rules]))
    assert sorted(sum(v[""] for v in days.values()) for days in counts.values()) == [1, 2]
