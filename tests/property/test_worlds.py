"""A finding about all profiles holds for every profile that is possible."""

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.scoring.matrix.trait_conditions import TraitCondition, compile_traits
from services.scoring.matrix.warnings.every_profile import Worlds

NAMES = ("a", "b", "c")
VALUES = (None, "x", "xy", 1, 2.5)
PROFILES = [
    {name: value for name, value in zip(NAMES, values, strict=True) if value is not None}
    for values in product(VALUES, repeat=len(NAMES))
]
READ: TypeAdapter[Any] = TypeAdapter(TraitCondition)

TESTS: list[Any] = [
    {"exists": True}, {"exists": False}, {"missing": True}, {"eq": "x"}, {"eq": 1}, {"contains": "x"},
    {"in": ["x", 1]}, {"gt": 1}, {"lte": 1}, {"starts_with": "x", "exists": True},
    {"eq": "x", "missing": True},
]  # fmt: skip
leaves = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TESTS), min_size=1, max_size=2)
conditions = st.recursive(
    leaves,
    lambda below: st.one_of(
        st.fixed_dictionaries({"all": st.lists(below, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(below, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": below}),
    ),
    max_leaves=5,
)


@given(st.lists(conditions, max_size=4), st.none() | conditions, st.sets(st.sampled_from(NAMES)))
def test_all_under_is_true_only_if_all_profiles_meet_a_condition(
    excluding: list[Any], asking: Any, known: set[str]
) -> None:
    under = [READ.validate_python(condition) for condition in excluding]
    meeting = None if asking is None else READ.validate_python(asking)
    unknown = [name for name in NAMES[2:] if name not in known]
    meets = (lambda _: True) if meeting is None else compile_traits(meeting)
    holds = [compile_traits(condition) for condition in under]
    selected = [
        profile
        for profile in PROFILES
        if known <= profile.keys() and meets(profile) and not any(name in profile for name in unknown)
    ]
    if Worlds().all_under(under, known=known, unknown=unknown, meeting=meeting):
        assert all(any(test(profile) for test in holds) for profile in selected)


@given(st.lists(st.fixed_dictionaries({"not": leaves}) | leaves, min_size=1, max_size=4))
def test_all_under_is_exact_for_tests_of_presence(excluding: list[Any]) -> None:
    under = [READ.validate_python(_of_presence(condition)) for condition in excluding]
    holds = [compile_traits(condition) for condition in under]
    all_excluded = all(any(test(profile) for test in holds) for profile in PROFILES)
    assert Worlds().all_under(under) is all_excluded


def _of_presence(written: Any) -> Any:
    if "not" in written:
        return {"not": _of_presence(written["not"])}
    return {name: {"exists": "eq" in test or "exists" in test} for name, test in written.items()}
