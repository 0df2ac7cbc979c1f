"""The names that an event uses, and the JSON forms of its values."""

from typing import Any

import pytest

from services.scoring.core.profiles.names import Name, names_in
from shared.names import MAX_NAME_LENGTH
from tests.support.builders import interaction


def named(kind: str, type: str = "visit", **more: Any) -> set[tuple[str, str]]:
    return {(name.name, name.form) for name in names_in([interaction(type, **more)]) if name.kind == kind}


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("5", "text"), (5, "number"), (0.5, "number"), (True, "boolean"), ([1], "list"), ({}, "object"),
        (None, "null"),
    ],
)  # fmt: skip
def test_the_form_of_a_value_is_its_json_type(value: Any, form: str) -> None:
    assert named("property", x=value) == {("x", form)}
    assert named("trait", traits={"x": value}) == {("x", form)}


def test_a_name_with_values_of_two_forms_is_recorded_in_both() -> None:
    several = [interaction(x="5"), interaction(x=5), interaction(x=6)]
    assert names_in(several) == {
        Name("type", "visit"), Name("property", "x", "text"), Name("property", "x", "number"),
    }  # fmt: skip


def test_a_nested_property_is_recorded_with_the_path_that_conditions_use() -> None:
    nested = {"source": "mail", "by": {"name": "x", "deeper": {"not": "kept"}}, "a.b": "no path leads here"}
    assert named("property", utm=nested, **{"flat.key": 1, "flat.object": {"no": 1}}) == {
        ("utm", "object"), ("utm.source", "text"), ("utm.by", "object"), ("utm.by.name", "text"),
        ("utm.by.deeper", "object"), ("flat.key", "number"), ("flat.object", "object"),
    }  # fmt: skip


def test_an_object_in_a_trait_is_one_value() -> None:
    assert named("trait", traits={"company": {"name": "Acme"}}) == {("company", "object")}


@pytest.mark.parametrize("type", ["identify", "adjustment"])
def test_properties_of_identify_and_adjustment_are_not_recorded(type: str) -> None:
    assert named("property", type, points=1) == set()
    assert named("trait", type, traits={"title": "VP"}) == {("title", "text")}


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "x" * (MAX_NAME_LENGTH + 1)])
def test_names_that_no_matrix_can_use_are_not_recorded(name: str) -> None:
    properties: dict[str, Any] = {name: 1}
    assert named("property", **properties) == set()
    assert named("trait", traits={name: 1}) == set()
    longest: dict[str, Any] = {"x" * MAX_NAME_LENGTH: 1}
    assert named("property", **longest) != set()
