"""Each operator of the table works wherever scoring reads it, and in the documents and the oracle."""

import re
from pathlib import Path
from typing import Any

import pytest

from services.scoring.core.explaining.satisfying import assignments
from services.scoring.matrix.contradictions import contradiction
from services.scoring.matrix.difference import difference
from services.scoring.matrix.reading import read_matrix
from services.scoring.matrix.trait_conditions import compile_traits
from shared.comparison import Comparison
from shared.operators.table import OPERATORS
from tests.oracle.conditions import met_by_traits
from tests.support.builders import rule
from tests.unit.scoring.matrix.oddities import oddities
from tests.unit.shared.operators.cases import CASES

NAMES = [operator.name for operator in OPERATORS]
BY_NAME = {operator.name: operator for operator in OPERATORS}
OF_TEXTS = [operator.name for operator in OPERATORS if operator.text is not None]
PAGE = Path(__file__).parents[4] / "docs/scoring.md"


def traits(value: Any) -> dict[str, Any]:
    return {} if value is None else {"it": value}


def of_traits(test: Any) -> Any:
    """Return the condition of a trait rule that asks this of a trait."""
    document = {
        "flip_number": 1,
        "rules": [rule()],
        "traits": [{"id": "t", "when": {"it": test}, "points": 1}],
    }
    return read_matrix("m", document).traits[0].when


def codes(name: str, test: Any) -> list[str]:
    """Return the codes of the warnings of a rule that asks this of a property."""
    when = {"where": {name: test}}
    found = oddities({"flip_number": 1, "rules": [rule(), rule("asks", 1, when=when)]})
    return [warning.code for warning in found if warning.rule == "asks"]


@pytest.mark.parametrize("name", NAMES)
def test_values_that_meet_and_fail_each_operator_are_found(name: str) -> None:
    """They are what why-flipped proposes."""
    case = CASES[name]
    condition = of_traits({name: case.operand})
    holds = compile_traits(condition)
    to_meet = next(assignments(condition, traits(case.fails), compile_traits))
    to_fail = next(assignments(condition, traits(case.meets), compile_traits, met=False))
    assert (holds(to_meet), holds(to_fail)) == (True, False)


@pytest.mark.parametrize("name", NAMES)
def test_each_operator_contradicts_the_opposite_test_of_presence(name: str) -> None:
    opposite = {"exists": True} if name == "missing" else {"missing": True}
    found = contradiction(Comparison.model_validate(opposite | {name: CASES[name].operand}))
    assert found is not None
    assert re.search(rf"\b{name}\b.* asks for nothing there, |, {name}\b.* for something", found)


@pytest.mark.parametrize("name", NAMES)
def test_an_operand_of_another_form_gives_a_warning(name: str) -> None:
    found = codes("utm", {name: CASES[name].operand})
    assert found == ([] if BY_NAME[name].asks_presence else ["form_mismatch"])


@pytest.mark.parametrize("name", OF_TEXTS)
def test_implausible_text_operands_give_a_warning(name: str) -> None:
    def found(text: str) -> list[str]:
        return codes("path", {name: [text] if isinstance(CASES[name].operand, list) else text})

    text = BY_NAME[name].text
    assert text is not None
    assert "value_blank" in found(" ")
    assert "path_with_host" in found("https://shop.example/pricing")
    assert ("wildcard_in_text" in found("/pricing*")) == (not text.has_wildcards)


@pytest.mark.parametrize("name", NAMES)
def test_a_difference_describes_each_operator_in_words(name: str) -> None:
    case = CASES[name]
    when = {"where": {"it": {name: case.operand}}}
    matrix = read_matrix("m", {"flip_number": 1, "rules": [rule("asks", 1, when=when)]})
    assert f"it {case.words}" in " ".join(change.text for change in difference(None, matrix))


@pytest.mark.parametrize("name", NAMES)
def test_the_oracle_agrees_on_each_operator(name: str) -> None:
    """The oracle shares no line with the table, so each operator is written twice."""
    case = CASES[name]
    assert met_by_traits({"it": {name: case.operand}}, traits(case.meets))
    assert not met_by_traits({"it": {name: case.operand}}, traits(case.fails))


def test_the_page_on_scoring_lists_the_operators() -> None:
    (listed,) = re.findall(r"^\*\*Operators:\*\* ((?:`\w+`(?:, )?)+)\.", PAGE.read_text(), re.MULTILINE)
    assert re.findall(r"`(\w+)`", listed) == NAMES
