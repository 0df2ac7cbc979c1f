"""Conditions that are joined wrongly: each refusal shows the right form, and the right form is accepted."""

import json
import re
from typing import Any

import pytest

from services.scoring.matrix.reading import read_matrix
from tests.support.builders import rule
from tests.unit.scoring.matrix.refusals import refused

VISIT = {"type": "visit"}
SPAIN = {"country": "ES"}


def of_rule(when: Any) -> dict[str, Any]:
    return {"flip_number": 1, "rules": [rule(when=when)]}


def of_trait(when: Any) -> dict[str, Any]:
    return {"flip_number": 1, "traits": [{"id": "lives_here", "when": when, "points": 1}]}


@pytest.mark.parametrize(
    ("when", "field", "form"),
    [
        ({"all": [VISIT], "type": "b"}, ".type", "cannot stand beside `all`, which stands alone; join them"),
        (
            {"all": [VISIT], "any": [VISIT]},
            ".any",
            "cannot stand beside `all`, which stands alone; join them",
        ),
        ({"not": VISIT, "x": 1}, ".x", "cannot stand beside `not`, which stands alone; join them"),
        ({"not": {"not": VISIT, "x": 1}}, ".not.x", "cannot stand beside `not`, which stands alone"),
        ({"any": [VISIT, {"all": [VISIT], "where": {}}]}, ".any.1.where", "cannot stand beside `all`"),
        ({"all": VISIT}, ".all", "takes a list of conditions, such as"),
        ({"any": [{"any": "visit"}]}, ".any.0.any", "takes a list of conditions, such as"),
        ({"not": [VISIT]}, ".not", "takes one condition; for several, write"),
        ({"all": ["visit"]}, ".all.0", "must be a condition, such as"),
        ({"not": {"any": [None]}}, ".not.any.0", "must be a condition, such as"),
        ([VISIT], "", "must be one condition; for several, write"),
        ({"and": [VISIT]}, ".and", "is not known; did you mean `all`? Write"),
        ({"OR": [VISIT]}, ".OR", "is not known; did you mean `any`? Write"),
        ({"type": "visit", "where": {"any": [{"path": "/"}]}}, ".where.any", "joins whole conditions: write"),
        ({"where": {"not": {"path": "/"}}}, ".where.not.path", "joins whole conditions: write"),
        ({"where": {"path": {"not": {"eq": "/"}}}}, ".where.path.not", "stands before a whole condition:"),
        ({"where": {"path": {"any": ["/a"]}}}, ".where.path.any", "for one of several values, write"),
        (
            {"type": "visit", "where": [{"path": "/"}]},
            ".where",
            "must be an object of what is asked, such as",
        ),
    ],
)
def test_the_refusal_of_a_join_shows_the_right_form(when: Any, field: str, form: str) -> None:
    message = refused(of_rule(when))[f"rules.0.when{field}"]
    assert form in message
    shown = example(message)
    if "values" not in form and "object" not in form:
        read_matrix("m", of_rule(shown))
    else:
        read_matrix("m", of_rule({"where": shown}))


@pytest.mark.parametrize(
    ("when", "field", "form"),
    [
        (
            {"any": [SPAIN], "title": "vp"},
            ".title",
            "cannot stand beside `any`, which stands alone; join them",
        ),
        ({"all": [SPAIN, {"not": SPAIN, "a": 1}]}, ".all.1.a", "cannot stand beside `not`"),
        ({"all": SPAIN}, ".all", "takes a list of conditions, such as"),
        ({"not": [SPAIN]}, ".not", "takes one condition; for several, write"),
        ({"any": ["ES"]}, ".any.0", "must be a condition, such as"),
        ("ES", "", "must be a condition, such as"),
        ([SPAIN], "", "must be one condition; for several, write"),
        ({"and": [SPAIN]}, ".and", "is not known; did you mean `all`? Write"),
        ({"country": {"not": "ES"}}, ".country.not", "stands before a whole condition:"),
        ({"country": {"any": ["ES"]}}, ".country.any", "for one of several values, write"),
    ],
)
def test_the_refusal_of_a_wrong_join_of_traits_shows_a_valid_trait_condition(
    when: Any, field: str, form: str
) -> None:
    message = refused(of_trait(when))[f"traits.0.when{field}"]
    assert form in message
    read_matrix("m", of_trait(example(message)))
    excluded = {"flip_number": 1, "rules": [rule()], "excludes": [when]}
    assert refused(excluded) == {f"excludes.0{field}": message}


def example(message: str) -> Any:
    """Return the JSON that a message shows."""
    found = re.search(r"\{.*\}", message)
    assert found
    return json.loads(found[0])


def test_all_wrong_joins_are_reported_at_once_with_other_errors() -> None:
    when = {
        "all": [{"any": VISIT}, {"not": [VISIT]}, "visit", {"all": [VISIT], "type": "like"}, {"typ": "x"}]
    }
    messages = refused(of_rule(when) | of_trait({"any": {"country": "ES"}, "title": "vp"}))
    assert list(messages) == [
        "rules.0.when.all.0.any", "rules.0.when.all.1.not", "rules.0.when.all.2", "rules.0.when.all.3.type",
        "rules.0.when.all.4.typ", "traits.0.when.any", "traits.0.when.title",
    ]  # fmt: skip
