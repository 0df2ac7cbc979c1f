"""Warnings of names that never came, with the names that came and the nearest of them."""

from typing import Any

import pytest

from services.scoring.matrix.warnings.nearest import MAX_SUGGESTIONS
from tests.support.builders import rule
from tests.unit.scoring.matrix.oddities import CAME, oddities

UnknownName = tuple[str, str, str | None]


def unknown_names(
    *rules: dict[str, Any], came: Any = CAME, kinds: Any = (), **more: Any
) -> list[UnknownName]:
    """Return (field, code, suggestion) of names that never came."""
    document = {"flip_number": 1, "rules": [rule("sure", 1), *rules], **more}
    found = oddities(document, came=came, kinds=kinds)
    return [
        (warning.field, warning.code, warning.suggestion)
        for warning in found
        if warning.code.startswith(("type_", "property_", "trait_"))
    ]


def typed(type_: str, **how: Any) -> list[UnknownName]:
    return unknown_names(rule(when={"type": type_}), **how)


def asking(name: str, test: Any = "x", **how: Any) -> list[UnknownName]:
    return unknown_names(rule(when={"type": "visit", "where": {name: test}}), **how)


def requiring(name: str, **how: Any) -> list[UnknownName]:
    return unknown_names(requires=[name], **how)


WHERE = "rules.1.when.where"


@pytest.mark.parametrize(
    ("type_", "code", "meant"),
    [
        ("vist", "type_unknown", "visit"),
        ("bike_rides", "type_unknown", "bike_ride"),
        ("bikeRide", "type_not_snake_case", "bike_ride"),
        ("Order Completed", "type_not_snake_case", "purchase"),
        ("Email Opened", "type_not_snake_case", "email_open"),
        ("Signed Up", "type_not_snake_case", "signed_up"),
        ("visit ", "type_not_snake_case", "visit"),
        ("!", "type_not_snake_case", None),
        ("email_opened", "type_unknown", "email_open"),
        ("qqq", "type_unknown", None),
        ("identify", "type_never_counted", None),
        ("adjustment", "type_never_counted", None),
    ],
)
def test_an_unknown_type_gives_a_warning_with_the_nearest_known_type(
    type_: str, code: str, meant: str | None
) -> None:
    assert typed(type_) == [("rules.1.when.type", code, meant)]


@pytest.mark.parametrize("type_", ["visit", "bike_ride", "webinar_attend", "purchase"])
def test_a_received_or_known_type_gives_no_warning(type_: str) -> None:
    assert typed(type_) == []


def test_unknown_types_are_found_anywhere_in_a_condition() -> None:
    when = {"any": [{"type": ["visit", "x1"]}, {"not": {"all": [{"type": "x2"}, {"where": {"path": "/"}}]}}]}
    assert unknown_names(rule(when=when)) == [
        ("rules.1.when.any.0.type.1", "type_unknown", None),
        ("rules.1.when.any.1.not.all.0.type", "type_unknown", None),
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("mailng", "mailing"), ("Mailing", "mailing"), ("properties.mailing", "mailing"),
        ("pathname", None), ("utm.x", "utm.a"), ("utm.a.c", "utm.a.b"), ("zzz", None), ("seat", "seats"),
    ],
)  # fmt: skip
def test_an_unknown_property_gives_a_warning_with_the_nearest_known_property(
    name: str, meant: str | None
) -> None:
    assert asking(name) == [(f"{WHERE}.{name}", "property_unknown", meant)]
    assert asking(name, {"missing": True}) == [(f"{WHERE}.{name}", "property_unknown", meant)]


@pytest.mark.parametrize(
    "name",
    ["path", "mailing", "utm", "utm.a", "utm.a.b", "utm.a.b.c", "utm.a.b.c.d", "url", "search", "referrer",
     "campaign", "source", "campaign_medium", "campaign_whatever", "user_agent", "title"],
)  # fmt: skip
def test_a_property_that_was_received_or_set_by_ingest_gives_no_warning(name: str) -> None:
    assert asking(name) == []


def test_an_unknown_property_in_the_by_of_a_limit_gives_a_warning() -> None:
    limited = rule("mails", 1, limit={"times": 1, "per": "ever", "by": "mailng"})
    assert unknown_names(limited) == [("rules.1.limit.by", "property_unknown", "mailing")]
    (warning,) = oddities({"flip_number": 1, "rules": [limited]})
    assert warning.message == (
        "all matches share one limit, since no event ever brought the property mailng; "
        "did you mean `mailing`?"
    )
    assert warning.rule == "mails"
    for known in ("mailing", "path", "campaign", "utm.a.b"):
        assert unknown_names(rule("mails", 1, limit={"times": 1, "per": "ever", "by": known})) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [("emial", "email"), ("lastname", None), ("titel", "title"), ("phones", "phone"),
     ("traits.title", "title"), ("title.x", "title"), ("email_domian", "email_domain")],
)  # fmt: skip
def test_an_unknown_trait_gives_a_warning_with_the_nearest_known_trait(name: str, meant: str | None) -> None:
    assert requiring(name) == [("requires.0", "trait_unknown", meant)]
    assert unknown_names(excludes=[{"not": {name: "x"}}]) == [
        (f"excludes.0.not.{name}", "trait_unknown", meant)
    ]
    trait_rule = {"id": "r", "when": {"any": [{"title": "vp"}, {name: {"exists": True}}]}, "points": 1}
    assert unknown_names(traits=[trait_rule]) == [(f"traits.0.when.any.1.{name}", "trait_unknown", meant)]


@pytest.mark.parametrize(
    "name",
    ["title", "employees", "company", "email", "Email", "phone", "anonymous_id", "user_id", "twitter",
     "email_domain", "company.name", "company.a.b", "consent_email", "consent_sms", "lifecycle"],
)  # fmt: skip
def test_a_received_or_derived_trait_gives_no_warning(name: str) -> None:
    assert requiring(name) == []


def test_a_received_kind_of_identity_counts_as_a_trait() -> None:
    assert requiring("discord") == [("requires.0", "trait_unknown", None)]
    assert requiring("discord", kinds=["discord"]) == []


def test_an_unknown_required_trait_is_the_first_warning() -> None:
    document = {
        "flip_number": 1,
        "stages": {"s": 900},
        "rules": [rule(when={"type": "vist"})],
        "requires": ["emial"],
    }
    first, *_ = [warning for warning in oddities(document) if warning.code != "no_lead_expected"]
    assert first.message == (
        "no profile is handed over: no event ever set the trait emial; did you mean `email`?"
    )
    assert (first.field, first.seen, first.suggestion) == (
        "requires.0",
        ("company", "employees", "title"),
        "email",
    )


def test_the_warning_lists_received_names_if_no_name_is_similar() -> None:
    many = [*CAME, *(("property", f"p{n:02}", "text") for n in range(20))]
    for came, ending in ((CAME, "and 5 more"), (many, "and 25 more")):
        document = {"flip_number": 1, "rules": [rule(), rule("r", 1, when={"where": {"zzz": 1}})]}
        (warning,) = oddities(document, came=came)
        assert len(warning.seen) == 5
        assert warning.message.startswith(
            "no event ever brought the property zzz; came so far: mailing, mixed, "
        )
        assert warning.message.endswith(ending)
        assert warning.rule == "r"


def test_names_that_would_control_a_terminal_are_not_shown() -> None:
    hostile = [("property", f"mailin{sign}g", "text") for sign in ("\x1b[2J", "\u202e", "\n")]
    document = {"flip_number": 1, "rules": [rule(), rule("r", 1, when={"where": {"mailing": 1}})]}
    (warning,) = oddities(document, came=hostile)
    assert (warning.message, warning.seen) == ("no event ever brought the property mailing", ())
    (warning,) = oddities(document, came=[*hostile, ("property", "mailings", "text")])
    assert (warning.seen, warning.suggestion) == (("mailings",), "mailings")


def test_the_warning_says_if_the_name_is_a_trait_instead_of_a_property_or_reverse() -> None:
    document = {
        "flip_number": 1,
        "rules": [
            rule(),
            rule("r", 1, when={"where": {"employees": 5}}),
            rule("s", 1, when={"where": {"email": "a@b.c"}}),
        ],
        "requires": ["mailing"],
    }
    trait, *properties = oddities(document)
    assert trait.message.endswith("; it comes as a property of events, and those are asked for under `rules`")
    assert [warning.message.partition("; ")[2] for warning in properties] == [
        "it comes as a trait, and those are asked for under `traits`"
    ] * 2


def test_a_new_instance_warns_only_of_probable_typing_errors() -> None:
    young = {"came": ()}
    for name in ("title", "seats", "bike_ride", "hike", "lastname", "mailing"):
        assert typed(name, **young) == asking(name, **young) == requiring(name, **young) == []
        assert unknown_names(rule(limit={"times": 1, "per": "ever", "by": name}), **young) == []
    assert typed("vist", **young) == [("rules.1.when.type", "type_unknown", "visit")]
    assert typed("Order Completed", **young) == [("rules.1.when.type", "type_not_snake_case", "purchase")]
    assert asking("pathh", **young) == [(f"{WHERE}.pathh", "property_unknown", "path")]
    assert requiring("emial", **young) == [("requires.0", "trait_unknown", "email")]
    assert requiring("emial", came=[("type", "visit", "")]) == [("requires.0", "trait_unknown", "email")]
    assert requiring("company_size", came=[("type", "visit", ""), ("property", "path", "text")]) == []


@pytest.mark.parametrize(
    ("cut", "document", "beginning"),
    [
        (
            "type",
            {"rules": [rule(when={"type": "zzz"})]},
            "no interaction of type zzz is among those that came",
        ),
        (
            "property",
            {"rules": [rule(when={"where": {"zzz": 1}})]},
            "no property zzz is among those that came",
        ),
        (
            "trait",
            {"rules": [rule()], "requires": ["zzz"]},
            "no profile is handed over: no trait zzz is among those",
        ),
    ],
)
def test_a_name_warning_says_if_not_all_names_were_stored(
    cut: str, document: dict[str, Any], beginning: str
) -> None:
    found = oddities({"flip_number": 1} | document, cut={cut})
    assert any(
        warning.message.startswith(beginning) and "later ones were not kept" in warning.message
        for warning in found
    )


def test_the_number_of_suggestions_is_limited() -> None:
    names = [f"mailing{n}x" for n in range(3 * MAX_SUGGESTIONS)]
    rules = [rule(f"r{n}", 1, when={"where": {name: 1}}) for n, name in enumerate(names)]
    found = unknown_names(*rules)
    assert len(found) == len(names)
    assert sum(meant is not None for _, _, meant in found) == MAX_SUGGESTIONS
    again = [rule(f"r{n}", 1, when={"where": {"mailng": 1}}) for n in range(100)]
    assert {meant for _, _, meant in unknown_names(*again)} == {"mailing"}
