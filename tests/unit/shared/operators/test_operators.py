"""The table of operators is complete, and each entry describes its test truly."""

from dataclasses import fields
from typing import Any

import pytest

from shared.comparison import Comparison, explain_comparison
from shared.known import MISSING
from shared.operators.operator import Operator, TextUse
from shared.operators.table import OPERATORS
from tests.unit.shared.operators.cases import CASES, read

NAMES = [operator.name for operator in OPERATORS]
OF_TEXTS = [operator.name for operator in OPERATORS if operator.text is not None]
BOUNDED = [operator.name for operator in OPERATORS if operator.bounds is not None]
FORMS = {str: "text", int: "number", float: "number", bool: "boolean", list: "list", dict: "object"}


def test_each_operator_has_a_case() -> None:
    """An operator without a case would be tested in none of the places."""
    assert sorted(NAMES) == sorted(CASES)


@pytest.mark.parametrize("part", [field.name for field in fields(Operator)])
def test_an_entry_without_a_part_is_refused(part: str) -> None:
    """Code that reads the table would otherwise leave the operator out silently."""
    parts = {field.name: getattr(OPERATORS[0], field.name) for field in fields(Operator)}
    del parts[part]
    with pytest.raises(TypeError, match=f"'{part}'"):
        Operator(**parts)


@pytest.mark.parametrize("name", NAMES)
def test_each_operator_meets_and_fails_the_values_of_its_case(name: str) -> None:
    case = CASES[name]
    operator, operand = read(name, case.operand)
    holds = operator.compile(operand)
    assert holds(MISSING if case.meets is None else case.meets)
    assert not holds(MISSING if case.fails is None else case.fails)


@pytest.mark.parametrize("name", NAMES)
def test_only_tests_of_presence_accept_a_missing_value(name: str) -> None:
    operator, operand = read(name, CASES[name].operand)
    assert operator.asks_presence or not operator.compile(operand)(MISSING)
    assert not operator.asks_presence or operator.compile(operand)("x") != operator.compile(operand)(MISSING)


@pytest.mark.parametrize("name", NAMES)
def test_an_operator_is_explained_in_words(name: str) -> None:
    case = CASES[name]
    assert explain_comparison(Comparison.model_validate({name: case.operand})) == case.words


@pytest.mark.parametrize("name", NAMES)
def test_candidates_meet_the_operator_or_are_its_bounds(name: str) -> None:
    operator, operand = read(name, CASES[name].operand)
    candidates = operator.candidates(operand)
    assert operator.asks_presence or candidates
    bounds = operator.bounds(operand) if operator.bounds is not None else ()
    assert all(operator.compile(operand)(candidate) or candidate in bounds for candidate in candidates)


@pytest.mark.parametrize("name", NAMES)
def test_only_values_meet_the_operator(name: str) -> None:
    operator, operand = read(name, CASES[name].operand)
    if operator.only_values is not None:
        assert all(map(operator.compile(operand), operator.only_values(operand)))
        assert CASES[name].fails not in operator.only_values(operand)


@pytest.mark.parametrize("name", BOUNDED)
def test_bounds_agree_with_the_test(name: str) -> None:
    operator, operand = read(name, CASES[name].operand)
    assert operator.bounds is not None
    holds, bounds = operator.compile(operand), operator.bounds(operand)
    if bounds.lower is not None:
        assert (holds(bounds.lower), holds(bounds.lower - 0.5)) == (bounds.are_included, False)
    if bounds.upper is not None:
        assert (holds(bounds.upper), holds(bounds.upper + 0.5)) == (bounds.are_included, False)
    assert holds(1000) == (bounds.upper is None)
    assert holds(-1000) == (bounds.lower is None)


@pytest.mark.parametrize("name", OF_TEXTS)
def test_the_text_use_agrees_with_the_test(name: str) -> None:
    def holds(operand: str, value: str) -> bool:
        operator, typed = read(name, [operand] if isinstance(CASES[name].operand, list) else operand)
        return operator.compile(typed)(value)

    (operator,) = (candidate for candidate in OPERATORS if candidate.name == name)
    assert holds("abc", "abc")
    assert operator.text == TextUse(
        from_start=not holds("abc", "-abc"),
        to_end=not holds("abc", "abc-"),
        has_wildcards=holds("a*c", "abbbc"),
        folds=holds("abc", "ÁBC"),
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", sorted(set(FORMS.values())))
def test_a_form_is_a_mismatch_if_no_value_of_it_can_meet_the_operator(name: str, form: str) -> None:
    case = CASES[name]
    operator, operand = read(name, case.operand)
    values: list[Any] = [case.meets, "x", 1, True, [case.meets], [case.operand], {"a": 1}]
    of_form = [value for value in values if FORMS.get(type(value)) == form]
    can_meet = operator.asks_presence or any(map(operator.compile(operand), of_form))
    assert (operator.mismatch(operand, frozenset({form})) is None) == can_meet
