"""Warnings of operands that are probably mistakes: addresses in another form, blanks, wildcards, repeats."""

from typing import Any

import pytest

from tests.support.builders import rule
from tests.unit.scoring.matrix.oddities import CAME, oddities

Warned = list[tuple[str, str | None]]
ELSEWHERE = ("trait_unknown", "property_unknown", "form_mismatch")
MORE = [*CAME, ("property", "x", "text"), ("trait", "x", "text")]


def of_property(name: str, test: Any) -> Warned:
    """Return (code, suggestion) of the warnings about a rule with this test of a property."""
    document = {"flip_number": 1, "rules": [rule(), rule("asks", 1, when={"not": {"where": {name: test}}})]}
    return warned(document, f"rules.1.when.not.where.{name}", "asks")


def of_trait(name: str, test: Any) -> Warned:
    return warned(
        {"flip_number": 1, "rules": [rule()], "excludes": [{name: test}]}, f"excludes.0.{name}", None
    )


def warned(document: dict[str, Any], field: str, rule_id: str | None) -> Warned:
    found = [warning for warning in oddities(document, came=MORE) if warning.code not in ELSEWHERE]
    assert all((warning.field, warning.rule) == (field, rule_id) for warning in found)
    return [(warning.code, warning.suggestion) for warning in found]


@pytest.mark.parametrize(
    ("test", "code", "meant"),
    [
        ("pricing", "path_without_slash", "/pricing"),
        ({"starts_with": "pricing"}, "path_without_slash", "/pricing"),
        ({"in": ["/a", "b"]}, "path_without_slash", "/b"),
        ({"glob": "pricing/*"}, "path_without_slash", "/pricing/*"),
        ("https://shop.example/pricing?a=1#b", "path_with_host", "/pricing"),
        ({"starts_with": "//shop.example/pricing"}, "path_with_host", "/pricing"),
        ({"starts_with": "www.shop.example"}, "path_with_host", "/"),
        ({"contains": "https://shop.example/a"}, "path_with_host", "/a"),
        ({"matches_any": ["http://shop.example/a/"]}, "path_with_host", "/a/"),
        ({"glob": "https://*/pricing"}, "path_with_host", "/pricing"),
        ("/pricing?plan=pro", "path_with_query", "/pricing"),
        ({"contains": "?plan"}, "path_with_query", None),
        ({"starts_with": "/#/app"}, "path_with_query", "/"),
    ],
)
def test_an_operand_that_is_not_a_path_gives_a_warning_with_the_path(
    test: Any, code: str, meant: str | None
) -> None:
    assert of_property("path", test) == [(code, meant)]


@pytest.mark.parametrize(
    "test",
    ["/pricing", {"starts_with": "/pricing"}, {"contains": "pricing"}, {"matches_any": ["pricing", "plans"]},
     {"glob": "*pricing*"}, {"glob": "/pricing?"}, {"glob": "[/]a"}, {"glob": "?a"}, {"in": ["/", "/a"]},
     {"exists": True}, 5],
)  # fmt: skip
def test_an_operand_that_is_a_path_or_part_of_a_path_gives_no_warning(test: Any) -> None:
    assert of_property("path", test) == []


@pytest.mark.parametrize("name", ["url", "referrer"])
@pytest.mark.parametrize(
    ("test", "code", "meant"),
    [
        ({"starts_with": "https://Shop.example/A"}, "host_upper_case", "https://shop.example/A"),
        ("HTTPS://SHOP.example/", "host_upper_case", "https://shop.example/"),
        ({"contains": "http://Shop.example"}, "host_upper_case", "http://shop.example"),
        ("https://shop.example", "url_without_path", "https://shop.example/"),
        ({"starts_with": "shop.example/"}, "url_without_scheme", "https://shop.example/"),
        ("www.shop.example/a", "url_without_scheme", "https://www.shop.example/a"),
        ({"starts_with": "/pricing"}, "url_without_scheme", None),
        ({"glob": "shop.example/*"}, "url_without_scheme", "https://shop.example/*"),
    ],
)
def test_an_operand_that_is_not_a_url_gives_a_warning(
    name: str, test: Any, code: str, meant: str | None
) -> None:
    assert of_property(name, test) == [(code, meant)]


@pytest.mark.parametrize(
    "test",
    ["https://shop.example/", {"starts_with": "https://shop.example"}, {"contains": "shop.example"},
     {"glob": "*shop.example*"}, {"starts_with": "android-app://com.example"}, {"glob": "https://*/a"},
     {"starts_with": "https://shop.example/UPPER"}, {"matches_any": ["google"]}],
)  # fmt: skip
def test_an_operand_that_is_a_url_or_part_of_a_url_gives_no_warning(test: Any) -> None:
    assert of_property("url", test) == []


@pytest.mark.parametrize(
    ("test", "meant"),
    [
        ("Competitor.example", "competitor.example"),
        ("@competitor.example", "competitor.example"),
        ({"in": ["a.example", "https://www.Competitor.example/x"]}, "competitor.example"),
        ({"in": ["www.competitor.example"]}, "competitor.example"),
        ({"contains": "Competitor"}, "competitor"),
        ({"starts_with": "@competitor"}, "competitor"),
        ({"matches_any": ["@Competitor"]}, "competitor"),
        ({"eq": "ana@competitor.example"}, "competitor.example"),
        ("competitor", None),
        ("müller.example", None),
    ],
)
def test_an_operand_that_is_not_an_email_domain_gives_a_warning(test: Any, meant: str | None) -> None:
    assert of_trait("email_domain", test) == [("domain_form", meant)]


@pytest.mark.parametrize(
    "test",
    ["competitor.example", {"in": ["a.example", "b.example"]}, {"contains": "competitor"}, {"exists": False},
     {"matches_any": ["Competitor"]}, {"glob": "*.competitor.example"}, "xn--mller-kva.example"],
)  # fmt: skip
def test_an_operand_that_is_a_domain_or_part_of_a_domain_gives_no_warning(test: Any) -> None:
    assert of_trait("email_domain", test) == []


@pytest.mark.parametrize(
    ("test", "meant"),
    [("@competitor.example", "competitor.example"), ({"starts_with": "@Firm"}, "firm"), ("ana", None)],
)
def test_an_operand_that_is_not_an_email_address_gives_a_warning(test: Any, meant: str | None) -> None:
    assert of_trait("email", test) == [("email_form", meant)]
    assert of_trait("email", "ana@firm.example") == of_trait("email", {"contains": "@firm."}) == []


def test_path_and_domain_forms_are_not_checked_for_other_names() -> None:
    assert of_trait("x", {"starts_with": "pricing"}) == of_property("x", "Competitor.example") == []


@pytest.mark.parametrize("of", [of_property, of_trait])
@pytest.mark.parametrize(
    ("test", "code", "meant"),
    [
        ("", "value_blank", None),
        ({"in": ["a", " "]}, "value_blank", None),
        ({"contains": ""}, "value_blank", None),
        ({"matches_any": ["vp", " "]}, "value_blank", None),
        ({"starts_with": "\t"}, "value_blank", None),
        ("vp ", "value_spaced", "vp"),
        ({"in": ["a", " b"]}, "value_spaced", "b"),
        ({"starts_with": " a"}, "value_spaced", "a"),
        ({"glob": "pricing"}, "glob_without_wildcard", "eq"),
        ("/pricing*", "wildcard_in_text", "glob"),
        ({"starts_with": "/pricing/*"}, "wildcard_in_text", "glob"),
        ({"matches_any": ["*vp*"]}, "wildcard_in_text", "glob"),
        ({"in": ["a", "b", "a"]}, "value_repeated", None),
        ({"in": [1, 1.0]}, "value_repeated", None),
        ({"matches_any": ["VP", "vp"]}, "value_repeated", None),
        ({"matches_any": ["Dirección", "direccion"]}, "value_repeated", None),
    ],
)
def test_blank_spaced_wildcard_and_repeated_values_give_a_warning(
    of: Any, test: Any, code: str, meant: str | None
) -> None:
    assert of("x", test) == [(code, meant)]


@pytest.mark.parametrize("of", [of_property, of_trait])
@pytest.mark.parametrize(
    "test",
    ["a", {"in": ["a", "A"]}, {"in": [1, True, "1"]}, {"matches_any": [" vp ", "vp"]},
     {"matches_any": ["año", "ano"]}, {"contains": " b"},
     {"starts_with": "a "}, {"glob": "a*"}, {"glob": "[ab]"}, {"between": [1, 1]}, {"missing": True}],
)  # fmt: skip
def test_plausible_values_give_no_warning(of: Any, test: Any) -> None:
    assert of("x", test) == []


def test_the_warning_for_very_many_long_values_is_short() -> None:
    long = {"in": [f"p{n}" + "x" * 900 for n in range(1000)]}
    document = {"flip_number": 1, "rules": [rule(), rule("a", 1, when={"where": {"path": long}})]}
    (warning,) = (candidate for candidate in oddities(document) if candidate.code == "path_without_slash")
    assert len(warning.message) < 300
    assert warning.suggestion is None
