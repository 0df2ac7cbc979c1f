"""The difference of the parts of a matrix beside its rules, and of whole matrices."""

from typing import Any

import pytest

from services.scoring.matrix.difference import difference
from tests.support.builders import matrix, rule
from tests.unit.scoring.matrix.differing import DECIDES, changed


@pytest.mark.parametrize(
    ("before", "after", "path", "kind", "text"),
    [
        ({}, {"flip_number": 30}, "flip_number", "changed", "flip number 25 -> 30"),
        ({}, {"stages": {"aware": 5}}, "stages.aware", "added", "stage aware 5 added"),
        ({"stages": {"aware": 5}}, {"stages": {"aware": 6}}, "stages.aware", "changed", "stage aware 5 -> 6"),
        ({}, {"audience": "offer"}, "audience", "changed", "audience sales -> offer"),
        ({"requalify_after": "90d"}, {}, "requalify_after", "removed", "requalify after 90d removed"),
        ({}, {"requires": ["email"]}, "requires.email", "added", "email: now required"),
        ({"requires": ["email"]}, {}, "requires.email", "removed", "email: no longer required"),
        ({}, {"excludes": [{"a": "b"}]}, "excludes", "added", 'now excluded: a is "b"'),
        ({"excludes": [{"a": "b"}]}, {}, "excludes", "removed", 'no longer excluded: a is "b"'),
        (
            {"grades": {"fit": [3, 2, 1], "engagement": [3, 2, 1]}},
            {"grades": {"fit": [4, 2, 1], "engagement": [3, 2, 1]}},
            "grades.fit",
            "changed",
            "grades: fit 3, 2, 1 -> 4, 2, 1",
        ),
        (
            {},
            {"groups": {"web": {"rules": ["visits"], "cap": 60}}},
            "groups.web",
            "added",
            "group web: added, at most 60 points for visits",
        ),
        (
            {"groups": {"web": {"rules": ["visits"], "cap": 60}}},
            {},
            "groups.web",
            "removed",
            "group web: removed, it gave at most 60 points for visits",
        ),
        (
            {"groups": {"web": {"rules": ["visits"], "cap": 60}}},
            {"groups": {"web": {"rules": ["visits"], "cap": 1_000_000}}},
            "groups.web.cap",
            "changed",
            "group web: cap 60 -> 1000000",
        ),
        (
            {"inactivity": {"after": "30d", "points": -10, "every": "30d", "floor": -30}},
            {},
            "inactivity",
            "removed",
            "inactivity: removed, it gave -10 points after 30d, again every 30d, down to -30",
        ),
        (
            {"inactivity": {"after": "30d", "points": -10}},
            {"inactivity": {"after": "60d", "points": -10}},
            "inactivity.after",
            "changed",
            "inactivity: after 30d -> 60d",
        ),
    ],
)
def test_a_change_of_each_part_of_a_matrix_is_described(
    before: dict[str, Any], after: dict[str, Any], path: str, kind: str, text: str
) -> None:
    change = changed(before, after)
    assert (change.path, change.kind, change.text, change.needs_counting) == (path, kind, text, False)


def test_a_change_of_the_members_of_a_group_is_described() -> None:
    rules, web = (rule("a", 1), rule("b", 2)), {"cap": 5}
    before = matrix(*rules, groups={"web": web | {"rules": ["a"]}})
    (change,) = difference(before, matrix(*rules, groups={"web": web | {"rules": ["a", "b"]}}))
    assert (change.path, change.text) == ("groups.web.rules", "group web: rules a -> a, b")


def test_added_points_for_inactivity_need_counting() -> None:
    change = changed({}, {"inactivity": {"after": "30d", "points": -10}})
    assert (change.text, change.needs_counting) == ("inactivity: added, -10 points after 30d", True)


def test_all_parts_of_a_first_version_are_added() -> None:
    changes = difference(None, matrix(rule(), traits=[DECIDES], excludes=[{"a": "b"}], requires=["email"]))
    assert [(change.path, change.kind, change.before) for change in changes] == [
        ("flip_number", "added", None),
        ("rules.visits", "added", None),
        ("traits.decides", "added", None),
        ("requires.email", "added", None),
        ("excludes", "added", None),
    ]
    assert [change.path for change in changes if change.needs_counting] == ["rules.visits"]
