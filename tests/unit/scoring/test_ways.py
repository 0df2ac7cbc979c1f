from typing import Any

import pytest
from hypothesis import given, settings

from services.scoring.core.counting import Tally, count
from services.scoring.core.pricing import Known, price
from services.scoring.core.ways import MAX_FURTHER, Missing, Way, missing
from services.scoring.model.matrix import Matrix
from shared.events import Interaction
from tests.builders import interaction, rule
from tests.unit.scoring.cases import DECIDES, cases, does
from tests.unit.scoring.known import TODAY, adjustment, counted, known, ruled_by, told


def ways(rules: Matrix, *interactions: Interaction, day: int = 0) -> list[tuple[str, int]]:
    lacking = missing(known(rules, *interactions), rules, TODAY + day)
    return [(way.rule, way.times) for way in lacking.ways]


def test_who_reaches_the_flip_number_lacks_nothing() -> None:
    rules = ruled_by(does("like", 10), flip_number=10)
    assert missing(known(rules, interaction("like")), rules, TODAY) == Missing(0.0, ())


def test_what_is_missing_is_told_with_the_shortest_way_first() -> None:
    rules = ruled_by(
        does("like", 3), does("visit", 10), does("share", 12, cap=12), does("comment", -5), traits=[DECIDES]
    )
    of = known(rules, interaction("like"), interaction("visit"))
    assert missing(of, rules, TODAY) == Missing(
        12,
        (
            Way("share", "Share", 1, "1 more of: Share"),
            Way("decides", "Decides", 1, "if: Decides"),
            Way("visit", "Visit", 2, "2 more of: Visit"),
            Way("like", "Like", 4, "4 more of: Like"),
        ),
    )


def test_what_is_missing_is_rounded_to_a_thousandth() -> None:
    rules = ruled_by(does("like", 0.1), flip_number=0.3)
    assert missing(known(rules, interaction("like"), interaction("like")), rules, TODAY).points == 0.1


def test_a_rule_by_which_nobody_gets_there_alone_is_no_way() -> None:
    assert ways(ruled_by(does("like", 9, cap=20))) == []
    assert ways(ruled_by(does("like", 9, limit={"times": 2, "per": "ever"}))) == []
    assert ways(ruled_by(does("like", 0.2499))) == []
    assert ways(ruled_by(does("like", 0.25))) == [("like", MAX_FURTHER)]


def test_what_the_limit_left_unpaid_and_the_cap_cut_off_is_made_up_for_first() -> None:
    limited = ruled_by(does("like", 9, limit={"times": 3, "per": "day"}))
    liked = [interaction("like", day=-1) for _ in range(5)]
    assert ways(limited.model_copy(update={"flip_number": 36.0}), *liked) == [("like", 1)]
    taking = ruled_by(
        does("like", 9), does("visit", -9), groups={"web": {"rules": ["like", "visit"], "cap": 30}}
    )
    assert ways(taking, *[interaction("visit")] * 5) == [("like", 8)]


def test_each_further_match_has_a_value_of_its_own() -> None:
    once_each = ruled_by(does("like", 10, limit={"times": 1, "per": "ever", "by": "post"}))
    liked = [interaction("like", post="+0"), interaction("like", post="a"), interaction("like")]
    assert ways(once_each, liked[0]) == [("like", 2)]
    assert ways(once_each, *liked[:2]) == [("like", 1)]
    assert missing(known(once_each, *liked), once_each, TODAY).points == 0


def test_without_by_further_matches_share_the_limit_with_those_that_there_were() -> None:
    limited = ruled_by(does("like", 10, limit={"times": 3, "per": "day"}))
    assert ways(limited) == [("like", 3)]
    assert ways(limited.model_copy(update={"flip_number": 40.0}), *[interaction("like")] * 2) == []


def test_a_rule_that_gives_nothing_is_no_way_even_where_any_activity_would_do() -> None:
    rules = ruled_by(does("like", 0), does("visit", 30), inactivity={"after": "30d", "points": -15})
    assert ways(rules, interaction("visit", day=-30)) == [("visit", 1)]


def test_a_further_match_ends_inactivity() -> None:
    rules = ruled_by(does("like", 10), does("visit", 20), inactivity={"after": "30d", "points": -15})
    assert ways(rules, interaction("visit", day=-30)) == [("like", 1), ("visit", 1)]


def test_a_further_match_of_a_machine_does_not_end_inactivity() -> None:
    rules = ruled_by(
        does("like", 10, machine="only"), does("visit", 20), inactivity={"after": "30d", "points": -15}
    )
    assert ways(rules, interaction("visit", day=-30)) == [("visit", 1), ("like", 2)]


def test_what_another_rule_takes_for_the_same_match_is_taken_into_account() -> None:
    """The second match costs as much as the first one gave, so the score gets there once and never again."""
    rules = ruled_by(
        does("like", 30, cap=30), rule("spams", -6, when={"type": "like"}), does("visit", 1), flip_number=20
    )
    assert ways(rules) == [("like", 1), ("visit", 20)]
    assert ways(rules, interaction("like"), interaction("like")) == [("visit", 2)]


def test_also_of_matches_that_cost_something_there_are_not_more_than_a_hundred() -> None:
    rules = [does("like", 1.25), rule("spams", -1, when={"type": "like"})]
    assert ways(ruled_by(*rules, flip_number=25)) == [("like", MAX_FURTHER)]
    assert ways(ruled_by(*rules, flip_number=25.25)) == []


def test_what_was_known_is_left_as_it_was() -> None:
    rules = ruled_by(does("like", 10), inactivity={"after": "30d", "points": -15})
    of = known(rules, interaction("like", day=-40))
    missing(of, rules, TODAY)
    assert of.counts == counted(rules, interaction("like", day=-40))


def test_a_trait_is_a_way_when_its_points_alone_are_enough() -> None:
    rules = ruled_by(does("like", 0), traits=[DECIDES], groups={"person": {"rules": ["decides"], "cap": 15}})
    assert ways(rules, adjustment(10)) == [("decides", 1)]
    assert ways(rules, adjustment(9)) == []
    assert ways(rules, adjustment(-2), told(title="VP")) == []


@settings(deadline=None, max_examples=100)
@given(cases())
def test_the_ways_are_those_that_really_doing_it_would_show(case: tuple[Matrix, Known]) -> None:
    matrix, of = case
    score = price(of, matrix, TODAY).points
    found = {way.rule: way.times for way in missing(of, matrix, TODAY).ways}
    if score >= matrix.flip_number:
        assert found == {}
        return
    tally, expected = Tally([matrix]), {}
    for one in matrix.rules:
        if one.points <= 0:
            continue
        counts = {key: {day: dict(values) for day, values in days.items()} for key, days in of.counts.items()}
        for times in range(1, MAX_FURTHER + 1):
            count(counts, interaction(one.id), tally)
            if price(Known(counts, of.traits), matrix, TODAY).points >= matrix.flip_number:
                expected[one.id] = times
                break
    behaviour = {one.id for one in matrix.rules}
    assert {rule_id: times for rule_id, times in found.items() if rule_id in behaviour} == expected


def test_who_has_not_flipped_lacks_something_however_little() -> None:
    """25.0004 is reached by 25.001 at the earliest."""
    rules = ruled_by(does("like", 25), flip_number=25.0004)
    lacking = missing(known(rules, interaction("like")), rules, TODAY)
    assert lacking == Missing(0.001, (Way("like", "Like", 1, "1 more of: Like"),))


# Further matches are interactions like any other


def on(path: str, points: float, **more: Any) -> dict[str, Any]:
    return rule(f"on_{path}", points, when={"type": "visit", "where": {"path": f"/{path}"}}, **more)


def test_what_other_rules_take_for_the_same_interaction_counts() -> None:
    """Each further visit of /p is worth 3, and there is one."""
    rules = ruled_by(on("p", 8), rule("visits", -5))
    assert ways(rules, interaction(path="/p")) == [("on_p", 8)]


def test_what_other_rules_give_for_the_same_interaction_counts() -> None:
    rules = ruled_by(on("p", 8), does("like", -1), rule("visits", 5), flip_number=26)
    assert ways(rules, interaction(path="/p")) == [("on_p", 1), ("visits", 3)]


def test_a_rule_that_a_negation_makes_of_everything_counts_too() -> None:
    rules = ruled_by(does("like", 8), rule("others", 4, when={"not": {"type": "visit"}}), flip_number=12)
    assert ways(rules) == [("like", 1), ("others", 3)]


@pytest.mark.parametrize(
    "when",
    [
        {"all": [{"type": "like"}, {"type": "visit"}]},
        {"all": [{"type": "like"}, {"not": {"type": ["like", "visit"]}}]},
        {"type": "identify"},
        {"type": ["identify", "adjustment"]},
        {"type": "visit", "where": {"path": {"exists": True, "missing": True}}},
        {"type": "visit", "where": {"seats": {"gt": 5, "lt": 4}}},
        {"type": "visit", "where": {"campaign": {"gt": 5}}},
        {"all": [{"where": {"path": "/a"}}, {"where": {"path": {"starts_with": "/b"}}}]},
    ],
)
def test_what_no_interaction_can_meet_is_no_way(when: dict[str, Any]) -> None:
    assert ways(ruled_by(rule(points=30, when=when))) == []


@pytest.mark.parametrize(
    "where",
    [
        {"path": {"starts_with": "/a", "contains": "b"}},
        {"path": {"glob": "/[!x]?/[ab]*.pdf"}},
        {"seats": {"gt": 5, "lt": 5.1}},
        {"seats": {"between": [3, 4]}, "path": {"in": ["a", "b"]}},
        {"tags": {"contains": 5}},
        {"campaign": {"matches_any": ["Spring"]}, "source": "mailer"},
        {"company.size": {"gte": 50}},
        {"is_new": True},
        {"path": {"missing": True}},
    ],
)
def test_what_an_interaction_can_meet_is_a_way(where: dict[str, Any]) -> None:
    assert ways(ruled_by(rule(points=25, when={"where": where}))) == [("visits", 1)]
    parts = [{"where": {path: test}} for path, test in where.items()]
    assert ways(ruled_by(rule(points=25, when={"all": [{"type": "visit"}, *parts]}))) == [("visits", 1)]
    nothing = {"not": {"any": [{"not": part} for part in parts]}}
    assert ways(ruled_by(rule(points=25, when=nothing))) == [("visits", 1)]


def test_parts_that_hold_at_once_are_met_at_once() -> None:
    parts = [
        {"where": {"path": {"exists": True}}},
        {"not": {"where": {"path": "example"}}},
        {"where": {"path": {"starts_with": "/a"}}},
        {"any": [{"where": {"path": "/b"}}, {"where": {"path": {"contains": "eu"}}}]},
        {"where": {"seats": {"lt": 10}}},
        {"where": {"seats": {"gt": 9}}},
    ]
    assert ways(ruled_by(rule(points=25, when={"all": parts}))) == [("visits", 1)]
    assert ways(ruled_by(rule(points=25, when={"all": parts[::-1]}))) == [("visits", 1)]


def test_a_condition_without_end_is_given_up() -> None:
    asks = {f"path_{number}": {"in": [*"abcdefgh"]} for number in range(20)}
    never = {"where": {"path_0": {"exists": True, "missing": True}}}
    parts = [*({"where": {path: test}} for path, test in list(asks.items())[:19]), never]
    assert ways(ruled_by(rule(points=25, when={"all": parts}))) == []


# The values of a limit `by`


def once_by(by: str, **where: Any) -> Matrix:
    limit = {"times": 1, "per": "ever", "by": by}
    return ruled_by(
        rule(points=10, when={"where": where or {by: {"exists": True}}}, limit=limit), flip_number=20
    )


def test_a_value_that_the_condition_names_is_not_paid_again() -> None:
    by = once_by("asset", asset="guide")
    assert ways(by, interaction(asset="guide")) == []
    assert ways(by) == []


def test_of_several_values_that_the_condition_names_those_are_left_that_are_not_used_up() -> None:
    by = once_by("asset", asset={"in": ["guide", "slides"]})
    assert ways(by) == [("visits", 2)]
    assert ways(by, interaction(asset="guide")) == [("visits", 1)]
    assert ways(by, interaction(asset="slides")) == [("visits", 1)]


@pytest.mark.parametrize(
    ("test", "used"),
    [
        ({"exists": True}, "example"),
        ({"starts_with": "gui"}, "gui"),
        ({"glob": "*.pdf"}, ".pdf"),
        ({"gt": 5}, 5.5),
        ({"lt": 5}, 4),
    ],
)
def test_a_condition_that_many_values_meet_is_met_with_one_of_its_own_each(
    test: dict[str, Any], used: Any
) -> None:
    by = once_by("asset", asset=test).model_copy(update={"flip_number": 990.0})
    assert ways(by, interaction(asset=used)) == [("visits", 98)]


def test_a_value_that_was_used_up_in_another_period_is_paid_again() -> None:
    limit = {"times": 1, "per": "month", "by": "asset"}
    when = {"where": {"asset": "guide"}}
    rules = ruled_by(rule(points=10, when=when, limit=limit), flip_number=20)
    assert ways(rules, interaction(asset="guide", day=-20)) == [("visits", 1)]
    ever = ruled_by(rule(points=10, when=when, limit=limit | {"per": "ever"}, window="9d"), flip_number=10)
    assert ways(ever, interaction(asset="guide", day=-9)) == [("visits", 1)]


# Traits


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


def test_a_trait_that_changes_ends_what_it_gave_before() -> None:
    """With the other title there are 25 points, not the 35 of both."""
    rules = ruled_by(rule(points=10), traits=[CEO, VP])
    done = visit(traits={"title": "CEO"})
    assert texts(rules, done)[-1] == 'if: title eq "VP"'
    assert ways(rules.model_copy(update={"flip_number": 25.5}), done) == [("visits", 1)]


def test_a_text_that_has_both_the_old_and_the_new_title_is_not_what_is_meant() -> None:
    either = [
        trait("ceo", 10, {"title": {"matches_any": ["ceo"]}}),
        trait("vp", 15, {"title": {"matches_any": ["vp"]}}),
    ]
    rules = ruled_by(rule("likes", 10, when={"type": "like"}), traits=either, flip_number=35)
    assert ways(rules, interaction("like", traits={"title": "CEO"})) == [("likes", 2)]


def test_a_trait_that_becomes_known_ends_what_its_absence_took() -> None:
    rules = ruled_by(does("like", 17), traits=[UNKNOWN, EXISTS], flip_number=20)
    told_to_be = texts(rules, interaction("like", known_as=BY_COOKIE))
    assert told_to_be == ["1 more of: Like", "if: company exists true"]


def test_ending_what_takes_points_is_a_way_of_its_own() -> None:
    rules = ruled_by(does("like", 22), traits=[UNKNOWN], flip_number=20)
    of = known(rules, interaction("like", known_as=BY_COOKIE))
    assert missing(of, rules, TODAY) == Missing(
        3,
        (
            Way("like", "Like", 1, "1 more of: Like"),
            Way("no_company", "company missing true", 1, "if not: company missing true"),
        ),
    )


def test_a_trait_may_have_to_be_missing_unless_the_identities_tell_it() -> None:
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
def test_traits_that_nobody_can_have_are_no_way(when: dict[str, Any]) -> None:
    assert ways(ruled_by(traits=[trait("never", 30, when)])) == []


def test_of_several_traits_that_meet_a_rule_one_that_is_enough_is_a_way() -> None:
    """A director would meet it too, but loses what a lead is worth."""
    any_of = {"any": [{"title": "Director"}, {"title": "VP"}]}
    rules = ruled_by(traits=[trait("leads", 15, any_of), trait("vp", 10, {"title": "VP"})], flip_number=25)
    assert ways(rules) == [("leads", 1), ("vp", 1)]
