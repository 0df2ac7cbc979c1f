from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.scoring.matrix.trait_conditions import TraitCondition, compile_traits

CONDITIONS: TypeAdapter[Any] = TypeAdapter(TraitCondition)

DECIDES = {"title": {"matches_any": ["vp", "chief"]}}
GERMAN = {"country": {"eq": "DE"}}


def holds(written: Any, **traits: Any) -> bool:
    return compile_traits(CONDITIONS.validate_python(written))(traits)


def test_a_condition_tests_the_trait_named_by_its_key() -> None:
    assert holds(DECIDES, title="VP Sales")
    assert not holds(DECIDES, title="Intern")
    assert not holds(DECIDES, role="VP Sales")


def test_all_keys_of_a_condition_must_be_met() -> None:
    assert holds(DECIDES | GERMAN, title="VP", country="DE")
    assert not holds(DECIDES | GERMAN, title="VP", country="FR")
    assert not holds(DECIDES | GERMAN, title="Intern", country="DE")


def test_all_any_and_not_join_conditions() -> None:
    vp, german = {"title": "VP"}, {"country": "DE"}
    for traits in ({}, vp, german, vp | german):
        met = [part in (list(traits.items())) for part in (("title", "VP"), ("country", "DE"))]
        assert holds({"all": [DECIDES, GERMAN]}, **traits) == all(met)
        assert holds({"any": [DECIDES, GERMAN]}, **traits) == any(met)
        assert holds({"not": DECIDES}, **traits) == (not met[0])


def test_joins_may_be_nested() -> None:
    nested = {"all": [{"not": {"any": [DECIDES, GERMAN]}}, {"seats": {"gte": 10}}]}
    assert holds(nested, seats=10)
    assert not holds(nested, seats=9)
    assert not holds(nested, seats=10, country="DE")


def test_a_trait_that_is_not_known_is_missing() -> None:
    assert holds({"company": {"missing": True}})
    assert not holds({"company": {"missing": True}}, company="Corp")
    assert not holds({"company": {"exists": True}})


def test_a_bare_value_means_equal() -> None:
    assert holds({"country": "DE"}, country="DE")
    assert not holds({"country": "DE"}, country="FR")


@pytest.mark.parametrize("name", ["all", "any", "not"])
def test_a_join_beside_another_key_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=rf"{name}\.title\n  Extra inputs"):
        CONDITIONS.validate_python({name: [DECIDES], "title": "VP"})


@pytest.mark.parametrize("name", ["all", "any"])
def test_a_join_of_anything_but_a_list_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=rf"{name}\.{name}\n  Input should be a valid list"):
        CONDITIONS.validate_python({name: {"eq": 5}})


@pytest.mark.parametrize("wrong", ["title", [DECIDES], {}, {"title": {"equals": "VP"}}, {"all": []}, None])
def test_an_invalid_condition_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        CONDITIONS.validate_python(wrong)


def test_a_condition_that_is_too_deep_is_refused() -> None:
    deep: Any = DECIDES
    for _ in range(8):
        deep = {"not": deep}
    with pytest.raises(ValidationError, match="levels deep"):
        CONDITIONS.validate_python(deep)


@pytest.mark.parametrize(
    "written",
    [
        DECIDES,
        DECIDES | GERMAN,
        {"all": [DECIDES, {"any": [GERMAN, {"not": {"seats": {"in": [1, 2]}}}]}]},
        {"seats": {"gte": 10, "lt": 20}},
    ],
)
def test_a_condition_is_dumped_as_it_was_written(written: Any) -> None:
    assert CONDITIONS.dump_python(CONDITIONS.validate_python(written), mode="json") == written
