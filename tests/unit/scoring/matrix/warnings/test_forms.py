"""Warnings of operators with an operand of another form than the values that came."""

from typing import Any

import pytest

from tests.support.builders import rule
from tests.unit.scoring.matrix.oddities import CAME, oddities


def mismatches(name: str, test: Any, **more: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return (field, message, forms that came) of the warnings about a rule with this test of a property."""
    document = {"flip_number": 1, "rules": [rule(), rule("asks", 1, when={"where": {name: test}})]}
    found = [warning for warning in oddities(document, **more) if warning.code == "form_mismatch"]
    assert all(warning.rule == "asks" for warning in found)
    return [(warning.field, warning.message, warning.seen) for warning in found]


@pytest.mark.parametrize(
    ("name", "test", "came", "why"),
    [
        ("seats", {"gt": 5}, "a text", "`gt` compares numbers alone"),
        ("seats", {"between": [1, 5]}, "a text", "`between` compares numbers alone"),
        ("seats", {"exists": True, "lte": 5}, "a text", "`lte` compares numbers alone"),
        ("seats", 5, "a text", '`eq` asks for 5; write "5"'),
        ("seats", True, "a text", '`eq` asks for true; write "true"'),
        ("seats", {"in": ["5", 5]}, "a text", '`in` asks for 5; write "5"'),
        ("seats", {"contains": 5}, "a text", "`contains` asks for 5 in it; in a text, only texts are found"),
        ("price", {"starts_with": "5"}, "a number", "`starts_with` looks into texts alone"),
        ("price", {"glob": "5*"}, "a number", "`glob` looks into texts alone"),
        ("price", {"matches_any": ["5"]}, "a number", "`matches_any` looks into texts and lists alone"),
        ("price", {"contains": "5"}, "a number", "`contains` looks into texts and lists alone"),
        ("price", "5", "a number", '`eq` asks for the text "5"; write 5'),
        ("price", {"in": ["-2.5"]}, "a number", '`in` asks for the text "-2.5"; write -2.5'),
        ("price", "many", "a number", '`eq` asks for the text "many"'),
        ("vip", "true", "true or false", '`eq` asks for the text "true"; write true'),
        ("vip", {"gt": 0}, "true or false", "`gt` compares numbers alone"),
        ("vip", 1, "true or false", "`eq` asks for 1"),
        ("tags", "a", "a list", '`eq` asks for the text "a"; what is in a list is found by `contains`'),
        ("tags", {"gte": 1}, "a list", "`gte` compares numbers alone"),
        ("utm", {"eq": "a"}, "an object", '`eq` asks for the text "a"'),
        ("mixed", True, "a number or a text", '`eq` asks for true; write "true"'),
        ("campaign", {"gt": 1}, "a text", "`gt` compares numbers alone"),
    ],
)  # fmt: skip
def test_an_operator_that_no_received_form_can_meet_gives_a_warning(
    name: str, test: Any, came: str, why: str
) -> None:
    ((field, message, seen),) = mismatches(name, test)
    assert (field, message) == (f"rules.1.when.where.{name}", f"{name} always came as {came}, and {why}")
    assert seen


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("seats", "5"), ("seats", {"starts_with": "5"}), ("seats", {"exists": True}),
        ("seats", {"missing": True}), ("seats", {"contains": "5"}), ("price", 5), ("price", {"in": [1, 2.5]}),
        ("price", {"between": [1, 2]}), ("tags", {"contains": 5}), ("tags", {"matches_any": ["a"]}),
        ("vip", True), ("mixed", 5), ("mixed", "5"), ("mixed", {"gt": 5}), ("mixed", {"starts_with": "5"}),
        ("unseen", {"gt": 5}), ("deep.a.b.c", {"gt": 5}), ("path", "/pricing"),
        ("url", {"starts_with": "https://a.example/"}),
    ],
)  # fmt: skip
def test_an_operator_that_a_received_form_can_meet_gives_no_warning(name: str, test: Any) -> None:
    assert mismatches(name, test) == []


def test_a_property_without_received_values_gives_no_form_warning() -> None:
    assert mismatches("seats", {"gt": 5}, came=()) == []
    assert mismatches("seats", {"gt": 5}, came=[("property", "seats", "null")]) == []


def test_a_form_warning_says_if_not_all_names_were_stored() -> None:
    ((_, message, _),) = mismatches("seats", {"gt": 5}, cut={"property"})
    assert message == "seats came, as far as was kept, as a text, and `gt` compares numbers alone"


@pytest.mark.parametrize(
    ("name", "test", "message"),
    [
        ("employees", {"matches_any": ["5"]}, "employees always came as a number, and `matches_any`"),
        ("employees", "50", 'employees always came as a number, and `eq` asks for the text "50"; write 50'),
        ("title", {"gt": 5}, "title always came as a text, and `gt` compares numbers alone"),
        ("email", {"gt": 5}, "email always came as a text, and `gt` compares numbers alone"),
        ("email_domain", True, 'email_domain always came as a text, and `eq` asks for true; write "true"'),
    ],
)
def test_trait_conditions_are_compared_with_received_forms(name: str, test: Any, message: str) -> None:
    document = {
        "flip_number": 1, "rules": [rule()], "excludes": [{name: test}],
        "traits": [{"id": "asks", "when": {"not": {name: test}}, "points": 1}],
    }  # fmt: skip
    found = [warning for warning in oddities(document) if warning.code == "form_mismatch"]
    assert [(warning.field, warning.rule) for warning in found] == [
        (f"traits.0.when.not.{name}", "asks"),
        (f"excludes.0.{name}", None),
    ]
    assert all(warning.message.startswith(message) for warning in found)


def test_huge_numbers_are_shortened_in_warnings() -> None:
    ((_, message, _),) = mismatches("seats", 10**300, came=CAME)
    assert len(message) < 120
