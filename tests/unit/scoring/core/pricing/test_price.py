from itertools import permutations
from math import copysign
from typing import Any

import pytest

from services.scoring.core.pricing.price import Score, price
from services.scoring.core.pricing.scores import points
from services.scoring.matrix.matrix import Matrix
from shared.events import Reason
from tests.support.builders import interaction, rule
from tests.unit.scoring.known import TODAY, adjustment, given, identify, known, ruled_by, scored

LIKES = rule("likes", 5, when={"type": "like"})
LEAVES = rule("leaves", -20, when={"type": "email_unsubscribe"})
DECIDES = {"id": "decides", "label": "Decides", "when": {"title": {"eq": "VP"}}, "points": 15}
NO_COMPANY = {"id": "no_company", "when": {"company": {"missing": True}}, "points": -5}


def test_a_reason_has_the_number_of_matches_and_of_paid_matches() -> None:
    rules = ruled_by(rule(points=8, label="Visits", limit={"times": 1, "per": "day"}))
    score = scored(rules, interaction(), interaction(), interaction(day=3))
    assert score == Score(
        16, 0, 16, (Reason(rule="visits", label="Visits", points=16, count=3, paid=2),), 16, 16
    )


def test_a_profile_without_interactions_has_score_zero_and_no_reasons() -> None:
    assert scored(ruled_by(rule())) == Score(0.0, 0.0, 0.0, (), 0.0, 0.0)


def test_reasons_are_in_matrix_order() -> None:
    rules = ruled_by(LEAVES, rule(points=8), LIKES)
    score = scored(rules, interaction("like"), interaction())
    assert given(score) == [("visits", 8), ("likes", 5)]


def test_a_rule_with_zero_points_is_a_reason_but_a_future_match_is_not() -> None:
    rules = ruled_by(rule(points=0), LIKES)
    assert given(scored(rules, interaction(), interaction("like", day=2), day=1)) == [("visits", 0)]


def test_negative_points_lower_the_score() -> None:
    assert (
        scored(ruled_by(rule(points=10), LEAVES), interaction(), interaction("email_unsubscribe")).points
        == -10
    )


def test_the_score_is_rounded_half_even_to_a_thousandth() -> None:
    assert scored(ruled_by(rule(points=0.0625)), interaction()).points == 0.062
    assert scored(ruled_by(rule(points=0.1)), *[interaction() for _ in range(3)]).points == 0.3


def test_no_score_is_minus_zero() -> None:
    score = scored(ruled_by(rule(points=-0.0001)), interaction())
    assert [copysign(1, part) for part in (score.points, score.fit, score.engagement)] == [1, 1, 1]


def test_the_order_of_interactions_does_not_matter() -> None:
    rules = ruled_by(
        rule(points=8, limit={"times": 1, "per": "day"}, cap=20),
        rule("all", -1, when={"where": {}, "type": ["visit", "like"]}, half_life="7d"),
    )
    done = [interaction(), interaction(), interaction(day=1), interaction("like"), interaction(day=9)]
    assert len({scored(rules, *order, day=10).points for order in permutations(done)}) == 1


def test_a_rule_without_a_label_is_explained_by_its_condition() -> None:
    when: dict[str, Any] = {"type": "visit", "where": {"path": {"starts_with": "/pricing"}}}
    reasons = scored(ruled_by(rule(when=when)), interaction(path="/pricing/eu")).reasons
    assert reasons[0].label == 'visit where path starts with "/pricing"'


def test_points_with_a_half_life_fade() -> None:
    rules = ruled_by(rule(points=8, half_life="10d"))
    assert [scored(rules, interaction(), day=day).points for day in (-1, 0, 10, 20)] == [0, 8, 4, 2]


def test_a_match_outside_the_window_is_not_a_reason() -> None:
    rules = ruled_by(rule(points=8, window="10d"))
    assert given(scored(rules, interaction(), day=9)) == [("visits", 8)]
    assert scored(rules, interaction(), day=10).reasons == ()


@pytest.mark.parametrize(("machine", "score"), [("exclude", 1), ("include", 3), ("only", 2)])
def test_interactions_of_machines_count_only_if_the_rule_includes_machines(
    machine: str, score: float
) -> None:
    done = [interaction(), interaction(machine="crawler"), interaction(machine="prefetch")]
    assert scored(ruled_by(rule(machine=machine)), *done).points == score


def test_rules_that_differ_only_in_machine_are_counted_separately() -> None:
    rules = ruled_by(
        rule("human", 1), rule("any", 10, machine="include"), rule("machine", 100, machine="only")
    )
    assert scored(rules, interaction(), interaction(machine="crawler")).points == 1 + 20 + 100


# Traits


def test_a_trait_rule_gives_its_points_while_the_trait_meets_it() -> None:
    rules = ruled_by(rule(points=8), traits=[DECIDES])
    done = [
        identify(title="VP", day=2),
        identify(title="Intern", day=4),
        identify(title="VP", day=6),
        identify(title=None, day=8),
    ]
    assert [scored(rules, *done, day=day).points for day in range(1, 9)] == [0, 15, 15, 0, 0, 15, 15, 0]


def test_a_trait_rule_is_a_reason_and_counts_to_the_fit() -> None:
    score = scored(ruled_by(rule(points=8), traits=[DECIDES]), identify(title="VP"), interaction())
    assert (score.points, score.fit, score.engagement) == (23, 15, 8)
    assert score.reasons[1] == Reason(rule="decides", label="Decides", points=15, count=1, paid=1)


def test_a_trait_rule_can_require_a_missing_trait() -> None:
    rules = ruled_by(rule(), traits=[NO_COMPANY])
    private, corporate = {"email": "ana@gmail.com"}, {"email": "ana@corp.example"}
    assert scored(rules, identify(known_as=private)).fit == -5
    assert scored(rules, identify(known_as=corporate)).fit == 0
    assert scored(rules, identify(known_as=private, company="Corp")).fit == 0


# Groups


def grouped(*rules: dict[str, Any], cap: float = 10, **more: Any) -> Matrix:
    return ruled_by(*rules, groups={"web": {"rules": [member["id"] for member in rules], "cap": cap}}, **more)


def test_a_group_s_cap_bounds_the_sum_of_its_rules() -> None:
    score = scored(grouped(rule(points=8), LIKES), interaction(), interaction("like"))
    assert (score.points, score.fit, score.engagement) == (10, 0, 10)
    cut = Reason(rule="group:web", label="Group web within 10", points=-3, count=0, paid=0)
    assert score.reasons[2:] == (cut,)


def test_a_group_cap_bounds_negative_points_of_its_rules() -> None:
    score = scored(
        grouped(rule(points=-8), LEAVES, cap=12.5), interaction(), interaction("email_unsubscribe")
    )
    assert given(score)[2:] == [("group:web", 15.5)]
    assert score.points == -12.5


def test_a_group_within_its_cap_adds_no_reason() -> None:
    score = scored(grouped(rule(points=8), LIKES, cap=13), interaction(), interaction("like"))
    assert given(score) == [("visits", 8), ("likes", 5)]


def test_the_cap_of_a_rule_applies_before_the_cap_of_its_group() -> None:
    score = scored(
        grouped(rule(points=8, cap=12), LEAVES), *[interaction()] * 3, interaction("email_unsubscribe")
    )
    assert score.points == 12 - 20


def test_rules_outside_a_group_are_not_bounded_by_it() -> None:
    rules = ruled_by(rule(points=8), LIKES, groups={"web": {"rules": ["visits"], "cap": 6}})
    assert scored(rules, interaction(), interaction("like")).points == 11


def test_the_cap_of_a_group_of_trait_rules_bounds_the_fit() -> None:
    rules = ruled_by(rule(points=8), traits=[DECIDES], groups={"person": {"rules": ["decides"], "cap": 9}})
    score = scored(rules, identify(title="VP"), interaction())
    assert (score.points, score.fit, score.engagement) == (17, 9, 8)


def test_reasons_of_group_caps_follow_the_rules_in_a_fixed_order() -> None:
    rules = ruled_by(
        rule(points=8),
        traits=[DECIDES],
        groups={"person": {"rules": ["decides"], "cap": 9}, "web": {"rules": ["visits"], "cap": 6}},
        inactivity={"after": "30d", "points": -1},
    )
    score = scored(rules, identify(title="VP"), interaction(), adjustment(4))
    assert [reason.rule for reason in score.reasons] == [
        "visits", "decides", "group:web", "group:person", "inactivity", "adjustment",
    ]  # fmt: skip


def test_counts_that_no_rule_uses_give_no_points() -> None:
    rules, others = ruled_by(rule(points=8)), ruled_by(LIKES)
    of = known(others, interaction("like"))
    assert points(of, rules, TODAY) == price(of, rules, TODAY).points == 0


def test_an_adjustment_is_not_capped_and_matches_no_rule() -> None:
    rules = grouped(rule(points=8, cap=4, when={"where": {"model": "m"}}), cap=4)
    assert given(scored(rules, adjustment(50))) == [("adjustment", 50)]
