"""How far a profile is from the flip number, and which further matches would bring it there."""

import pytest
from hypothesis import given, settings

from services.scoring.core.counting.counts import Changes
from services.scoring.core.counting.tally import Tally, count
from services.scoring.core.explaining.further import MAX_FURTHER
from services.scoring.core.explaining.ways import BECOME, Missing, Way, missing
from services.scoring.core.pricing.price import ScoreInput, price
from services.scoring.matrix.matrix import Matrix
from shared.vocabulary import TOUCHES
from tests.support.builders import interaction, rule
from tests.unit.scoring.core.explaining.cases import DECIDES, cases, does, ways
from tests.unit.scoring.known import TODAY, counted, identify, known, ruled_by


def test_a_profile_at_the_flip_number_misses_no_points() -> None:
    rules = ruled_by(does("like", 10), flip_number=10)
    assert missing(known(rules, interaction("like")), rules, TODAY) == Missing(0.0, ())


def test_ways_to_the_flip_number_are_sorted_by_number_of_matches() -> None:
    rules = ruled_by(
        does("like", 3), does("visit", 10), does("share", 12, cap=12), does("comment", -5), traits=[DECIDES]
    )
    of = known(rules, interaction("like"), interaction("visit"))
    assert missing(of, rules, TODAY) == Missing(
        12,
        (
            Way("share", "Share", 1),
            Way("decides", "Decides", 1, BECOME),
            Way("visit", "Visit", 2),
            Way("like", "Like", 4),
        ),
    )


def test_missing_points_are_rounded_to_a_thousandth() -> None:
    rules = ruled_by(does("like", 0.1), flip_number=0.3)
    assert missing(known(rules, interaction("like"), interaction("like")), rules, TODAY).points == 0.1


def test_a_rule_that_cannot_reach_the_flip_number_alone_is_not_a_way() -> None:
    assert ways(ruled_by(does("like", 9, cap=20))) == []
    assert ways(ruled_by(does("like", 9, limit={"times": 2, "per": "ever"}))) == []
    assert ways(ruled_by(does("like", 0.2499))) == []
    assert ways(ruled_by(does("like", 0.25))) == [("like", MAX_FURTHER)]


def test_further_matches_are_counted_with_limits_and_caps_already_used() -> None:
    limited = ruled_by(does("like", 9, limit={"times": 3, "per": "day"}))
    liked = [interaction("like", day=-1) for _ in range(5)]
    assert ways(limited.model_copy(update={"flip_number": 36.0}), *liked) == [("like", 1)]
    taking = ruled_by(
        does("like", 9), does("visit", -9), groups={"web": {"rules": ["like", "visit"], "cap": 30}}
    )
    assert ways(taking, *[interaction("visit")] * 5) == [("like", 8)]


def test_each_further_match_has_a_new_value_of_by() -> None:
    once_each = ruled_by(does("like", 10, limit={"times": 1, "per": "ever", "by": "post"}))
    liked = [interaction("like", post="+0"), interaction("like", post="a"), interaction("like")]
    assert ways(once_each, liked[0]) == [("like", 2)]
    assert ways(once_each, *liked[:2]) == [("like", 1)]
    assert missing(known(once_each, *liked), once_each, TODAY).points == 0


def test_further_matches_share_the_limit_with_past_matches_without_by() -> None:
    limited = ruled_by(does("like", 10, limit={"times": 3, "per": "day"}))
    assert ways(limited) == [("like", 3)]
    assert ways(limited.model_copy(update={"flip_number": 40.0}), *[interaction("like")] * 2) == []


def test_a_rule_without_points_is_not_a_way_even_if_it_would_end_inactivity() -> None:
    rules = ruled_by(does("like", 0), does("visit", 30), inactivity={"after": "30d", "points": -15})
    assert ways(rules, interaction("visit", day=-30)) == [("visit", 1)]


def test_a_further_match_ends_inactivity() -> None:
    rules = ruled_by(does("like", 10), does("visit", 20), inactivity={"after": "30d", "points": -15})
    assert ways(rules, interaction("visit", day=-30)) == [("like", 1), ("visit", 1)]


def test_a_rule_for_machines_only_is_not_a_way() -> None:
    rules = ruled_by(does("like", 30, machine="only"), does("visit", 20), does("open", 10, machine="include"))
    assert ways(rules, interaction("visit")) == [("visit", 1), ("open", 1)]


@pytest.mark.parametrize("type", sorted(TOUCHES))
def test_a_rule_for_touches_only_is_not_a_way(type: str) -> None:
    assert ways(ruled_by(does(type, 30))) == []
    assert ways(ruled_by(rule("mail", 30, when={"type": [type, "email_open"]}))) == [("mail", 1)]
    either = {"any": [{"type": type}, {"type": "zoom_call"}]}
    assert ways(ruled_by(rule("calls", 30, when=either))) == [("calls", 1)]


def test_an_excluded_profile_misses_points_and_has_no_way() -> None:
    rules = ruled_by(does("like", 10), traits=[DECIDES], excludes=[{"lifecycle": "customer"}])
    assert missing(known(rules, identify(lifecycle="customer")), rules, TODAY) == Missing(25, ())
    assert ways(rules, identify(lifecycle="lead")) == [("like", 3)]


def test_effects_of_a_further_match_on_traits_count() -> None:
    """A purchase makes the person a customer, and an unsubscribe ends the consent."""
    bought = does("purchase", 30)
    is_customer = {"id": "customer", "points": -10, "when": {"lifecycle": "customer"}}
    assert ways(ruled_by(bought, excludes=[{"lifecycle": "customer"}])) == []
    assert ways(ruled_by(bought, traits=[is_customer])) == [("purchase", 2)]
    left = [does("email_unsubscribe", 30), does("like", 25)]
    assert ways(ruled_by(*left, excludes=[{"consent_email": False}])) == [("like", 1)]


def test_points_that_another_rule_takes_for_a_further_match_count() -> None:
    """The second match costs as much as the first gave, so the score gets there once and never again."""
    rules = ruled_by(
        does("like", 30, cap=30), rule("spams", -6, when={"type": "like"}), does("visit", 1), flip_number=20
    )
    assert ways(rules) == [("like", 1), ("visit", 20)]
    assert ways(rules, interaction("like"), interaction("like")) == [("visit", 2)]


def test_further_matches_with_a_cost_are_limited_to_a_hundred() -> None:
    rules = [does("like", 1.25), rule("spams", -1, when={"type": "like"})]
    assert ways(ruled_by(*rules, flip_number=25)) == [("like", MAX_FURTHER)]
    assert ways(ruled_by(*rules, flip_number=25.25)) == []


def test_missing_does_not_change_the_counts() -> None:
    rules = ruled_by(does("like", 10), inactivity={"after": "30d", "points": -15})
    of = known(rules, interaction("like", day=-40))
    missing(of, rules, TODAY)
    assert of.counts == counted(rules, interaction("like", day=-40))


@settings(max_examples=100)
@given(cases())
def test_the_ways_equal_those_found_by_adding_real_interactions(case: tuple[Matrix, ScoreInput]) -> None:
    matrix, of = case
    score = price(of, matrix, TODAY).points
    found = {way.rule: way.times for way in missing(of, matrix, TODAY).ways}
    if score >= matrix.flip_number:
        assert found == {}
        return
    tally, expected = Tally([matrix]), {}
    for each_rule in matrix.rules:
        if each_rule.points <= 0:
            continue
        counts = of.counts
        for times in range(1, MAX_FURTHER + 1):
            changes = Changes()
            count(changes, 0, interaction(each_rule.id), tally)
            (counts,) = changes.to([counts])
            if price(ScoreInput(counts, of.traits), matrix, TODAY).points >= matrix.flip_number:
                expected[each_rule.id] = times
                break
    behaviour = {each_rule.id for each_rule in matrix.rules}
    assert {rule_id: times for rule_id, times in found.items() if rule_id in behaviour} == expected


def test_a_score_below_the_flip_number_misses_at_least_a_thousandth() -> None:
    """The lowest score that reaches 25.0004 is 25.001."""
    rules = ruled_by(does("like", 25), flip_number=25.0004)
    lacking = missing(known(rules, interaction("like")), rules, TODAY)
    assert lacking == Missing(0.001, (Way("like", "Like", 1),))
