"""Trait rules that would bring a profile to the flip number if the rule were met, or no longer met."""

from typing import Any

import pytest

from services.scoring.core.explaining.ways import NO_LONGER_BE, Missing, Way, missing
from services.scoring.matrix.matrix import Matrix
from shared.events import Interaction
from tests.support.builders import interaction, rule
from tests.unit.scoring.core.explaining.cases import DECIDES, does, ways
from tests.unit.scoring.known import TODAY, adjustment, identify, known, ruled_by


def trait(id: str, points: float, when: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "when": when, "points": points}


CEO = trait("ceo", 10, {"title": "CEO"})
VP = trait("vp", 15, {"title": "VP"})
EXISTS = trait("at_company", 5, {"company": {"exists": True}})
UNKNOWN = trait("no_company", -5, {"company": {"missing": True}})
BY_COOKIE = {"anonymous_id": "laptop"}


def texts(rules: Matrix, *interactions: Interaction) -> list[str]:
    return [way.text for way in missing(known(rules, *interactions), rules, TODAY).ways]


def visit(**more: Any) -> Interaction:
    return interaction(known_as=BY_COOKIE, **more)


def test_a_trait_rule_is_a_way_if_its_points_are_enough() -> None:
    rules = ruled_by(does("like", 0), traits=[DECIDES], groups={"person": {"rules": ["decides"], "cap": 15}})
    assert ways(rules, adjustment(10)) == [("decides", 1)]
    assert ways(rules, adjustment(9)) == []
    assert ways(rules, adjustment(-2), identify(title="VP")) == []


def test_a_trait_value_that_is_excluded_is_not_a_way() -> None:
    for companies, expected in ((["Rival", "Friend"], [("known", 1)]), (["Rival"], [])):
        known_one = {"id": "known", "points": 30, "when": {"company": {"in": companies}}}
        assert ways(ruled_by(traits=[known_one], excludes=[{"company": "Rival"}])) == expected
        assert ways(ruled_by(traits=[known_one])) == [("known", 1)]


def test_a_changed_trait_loses_the_points_of_its_old_value() -> None:
    """With the other title there are 25 points, not the 35 of both."""
    rules = ruled_by(rule(points=10), traits=[CEO, VP])
    done = visit(traits={"title": "CEO"})
    assert texts(rules, done)[-1] == 'this becomes true: title is "VP"'
    assert ways(rules.model_copy(update={"flip_number": 25.5}), done) == [("visits", 1)]


def test_a_combined_text_that_meets_two_trait_rules_is_not_a_way() -> None:
    either = [
        trait("ceo", 10, {"title": {"matches_any": ["ceo"]}}),
        trait("vp", 15, {"title": {"matches_any": ["vp"]}}),
    ]
    rules = ruled_by(rule("likes", 10, when={"type": "like"}), traits=either, flip_number=35)
    assert ways(rules, interaction("like", traits={"title": "CEO"})) == [("likes", 2)]


def test_a_known_trait_ends_the_loss_for_its_absence() -> None:
    rules = ruled_by(does("like", 17), traits=[UNKNOWN, EXISTS], flip_number=20)
    suggested = texts(rules, interaction("like", known_as=BY_COOKIE))
    assert suggested == ["1 more of: Like", "this becomes true: company is known"]


def test_ending_a_trait_rule_with_negative_points_is_a_way() -> None:
    rules = ruled_by(does("like", 22), traits=[UNKNOWN], flip_number=20)
    of = known(rules, interaction("like", known_as=BY_COOKIE))
    assert missing(of, rules, TODAY) == Missing(
        3,
        (
            Way("like", "Like", 1),
            Way("no_company", "company is not known", 1, NO_LONGER_BE),
        ),
    )


def test_removing_a_trait_is_a_way_unless_it_is_derived_from_identities() -> None:
    rules = ruled_by(rule(points=10), traits=[trait("no_company", 15, {"company": {"missing": True}})])
    assert ways(rules, visit(traits={"company": "Acme"})) == [("no_company", 1), ("visits", 2)]
    at_work = interaction(known_as={"email": "ana@corp.example"}, traits={"company": "Acme"})
    assert ways(rules, at_work) == [("visits", 2)]


@pytest.mark.parametrize(
    "when",
    [
        {"all": [{"title": "CEO"}, {"title": "VP"}]},
        {"all": [{"title": "CEO"}, {"not": {"title": "CEO"}}]},
        {"title": {"exists": True, "missing": True}},
    ],
)
def test_a_trait_rule_that_no_profile_can_meet_is_not_a_way(when: dict[str, Any]) -> None:
    assert ways(ruled_by(traits=[trait("never", 30, when)])) == []


def test_a_way_uses_the_trait_value_that_gives_enough_points() -> None:
    """A director would meet it, too, but loses the points of a lead."""
    any_of = {"any": [{"title": "Director"}, {"title": "VP"}]}
    rules = ruled_by(traits=[trait("leads", 15, any_of), trait("vp", 10, {"title": "VP"})], flip_number=25)
    assert ways(rules) == [("leads", 1), ("vp", 1)]


def test_a_subdomain_of_an_excluded_domain_is_not_a_way() -> None:
    at_acme = [trait("at_acme", 30, {"email_domain": "mail.acme.com"})]
    assert ways(ruled_by(traits=at_acme)) == [("at_acme", 1)]
    assert ways(ruled_by(traits=at_acme, excludes=[{"email_domain": "acme.com"}])) == []
