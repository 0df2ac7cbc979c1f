from typing import Any

import pytest

from services.scoring.matrix.difference import Change, difference
from tests.support.builders import matrix, rule
from tests.unit.scoring.matrix.differing import DECIDES, DOWNLOADS, changed


def test_versions_that_are_alike_have_no_difference() -> None:
    everything = {
        "stages": {"aware": 5},
        "traits": [DECIDES],
        "groups": {"web": {"rules": ["visits"], "cap": 5}},
        "inactivity": {"after": "30d", "points": -10},
        "grades": {"fit": [3, 2, 1], "engagement": [3, 2, 1]},
        "requires": ["email"],
        "excludes": [{"lifecycle": "customer"}],
    }
    assert difference(matrix(**everything), matrix(**everything)) == []


def test_order_of_rules_members_and_required_traits_is_not_a_change() -> None:
    first, second = rule("a", 1), rule("b", 2)
    before = matrix(
        first, second, groups={"g": {"rules": ["a", "b"], "cap": 2}}, requires=["email", "company"]
    )
    after = matrix(
        second, first, groups={"g": {"rules": ["b", "a"], "cap": 2}}, requires=["company", "email"]
    )
    assert difference(before, after) == []


@pytest.mark.parametrize(
    "written_out",
    [
        {"machine": "exclude"},
        {"label": ""},
        {"cap": None},
        {"limit": None},
        {"when": {"type": ["visit"]}},
    ],
)
def test_writing_out_a_default_is_not_a_change(written_out: dict[str, Any]) -> None:
    assert difference(matrix(rule()), matrix(rule() | written_out)) == []
    assert difference(matrix(), matrix(audience="sales")) == []


def test_a_limit_by_null_equals_a_limit_without_by() -> None:
    limit = {"times": 1, "per": "day"}
    assert difference(matrix(rule(limit=limit)), matrix(rule(limit=limit | {"by": None}))) == []


def test_a_change_of_points_shows_both_values_and_needs_no_counting() -> None:
    change = changed(rule("reads_pricing", 8), rule("reads_pricing", 5))
    assert change == Change("rules.reads_pricing.points", "changed", 8, 5, "reads_pricing: points 8 -> 5")


@pytest.mark.parametrize(
    ("before", "after", "path", "kind", "text"),
    [
        (rule(), rule(cap=30), "rules.visits.cap", "added", "visits: cap 30 added"),
        (rule(cap=30), rule(), "rules.visits.cap", "removed", "visits: cap 30 removed"),
        (
            rule(half_life="30d"),
            rule(half_life="60d"),
            "rules.visits.half_life",
            "changed",
            "visits: half life 30d -> 60d",
        ),
        (
            rule(limit={"times": 3, "per": "day"}),
            rule(limit={"times": 1, "per": "ever"}),
            "rules.visits.limit",
            "changed",
            "visits: limit 3 per day -> 1 ever",
        ),
        (rule(), rule(label="Visits"), "rules.visits.label", "changed", "visits: label none -> Visits"),
    ],
)
def test_each_changed_part_of_a_price_is_described(
    before: dict[str, Any], after: dict[str, Any], path: str, kind: str, text: str
) -> None:
    change = changed(before, after)
    assert (change.path, change.kind, change.text, change.needs_counting) == (path, kind, text, False)


def test_added_and_removed_rules_are_described_with_their_points() -> None:
    clicks = rule("clicks", 3, when={"type": "email_click"})
    assert difference(matrix(rule(), clicks), matrix(DOWNLOADS, rule())) == [
        Change(
            "rules.downloads",
            "added",
            None,
            matrix(DOWNLOADS).canonical()["rules"][0],
            "downloads: added, 10 points for download",
            needs_counting=True,
        ),
        Change(
            "rules.clicks",
            "removed",
            matrix(clicks).canonical()["rules"][0],
            None,
            "clicks: removed, it gave 3 points for email_click",
        ),
    ]


def test_an_added_rule_is_described_with_limit_cap_and_half_life() -> None:
    limit = {"times": 3, "per": "day", "by": "path"}
    added = rule("reads", 1, when={"type": "like"}, limit=limit, cap=40, half_life="30d")
    (change,) = difference(matrix(rule()), matrix(rule(), added))
    assert change.text == "reads: added, 1 point for like, 3 per day by path, at most 40, half after 30d"


@pytest.mark.parametrize(
    ("after", "path", "text"),
    [
        ({"when": {"type": "download"}}, "when", "visits: asks for visit -> download"),
        ({"machine": "include"}, "machine", "visits: machine exclude -> include"),
        (
            {"limit": {"times": 1, "per": "day", "by": "path"}},
            "limit",
            "visits: limit 1 per day by path added",
        ),
    ],
)
def test_a_changed_condition_machine_or_by_needs_counting(
    after: dict[str, Any], path: str, text: str
) -> None:
    change = changed(rule(), rule() | after)
    assert (change.path, change.text, change.needs_counting) == (f"rules.visits.{path}", text, True)


def test_a_condition_that_another_rule_had_before_needs_no_counting() -> None:
    before = matrix(rule("a", 1), rule("b", 2, when={"type": "like"}))
    changes = difference(before, matrix(rule("a", 1, when={"type": "like"}), rule("c", 3)))
    assert [(change.path, change.needs_counting) for change in changes] == [
        ("rules.a.when", False),
        ("rules.c", False),
        ("rules.b", False),
    ]


def test_a_changed_limit_needs_counting_only_if_by_changes() -> None:
    once = rule(limit={"times": 1, "per": "day", "by": "path"})
    more = rule(limit={"times": 5, "per": "week", "by": "path"})
    other = rule(limit={"times": 1, "per": "day", "by": "campaign"})
    assert not changed(once, more).needs_counting
    assert changed(once, other).needs_counting
    assert changed(once, rule()).needs_counting


def test_trait_rules_are_never_counted() -> None:
    (added,) = difference(matrix(), matrix(traits=[DECIDES]))
    assert (added.path, added.text) == (
        "traits.decides",
        'decides: added, 15 points for title has any of "vp"',
    )
    other = DECIDES | {"when": {"title": "ceo"}, "points": 20}
    condition, paid = difference(matrix(traits=[DECIDES]), matrix(traits=[other]))
    assert condition.text == 'decides: asks for title has any of "vp" -> title is "ceo"'
    assert (condition.path, condition.before, condition.after) == (
        "traits.decides.when",
        {"title": {"matches_any": ["vp"]}},
        {"title": {"eq": "ceo"}},
    )
    assert (paid.path, paid.text) == ("traits.decides.points", "decides: points 15 -> 20")
    assert not any(change.needs_counting for change in (added, condition, paid))


def test_a_rule_that_became_a_trait_rule_is_removed_and_added() -> None:
    before, after = matrix(rule(), DOWNLOADS), matrix(rule(), traits=[DECIDES | {"id": "downloads"}])
    assert [(change.path, change.kind) for change in difference(before, after)] == [
        ("rules.downloads", "removed"),
        ("traits.downloads", "added"),
    ]
