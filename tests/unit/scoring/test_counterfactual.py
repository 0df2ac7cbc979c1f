from collections.abc import Iterable
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.core.counterfactual import MAX_FURTHER, Missing, Way, missing, without
from services.scoring.core.counting import ADJUSTMENTS, Tally, count
from services.scoring.core.pricing import Known, price
from services.scoring.model.matrix import Matrix
from shared.events import Interaction, Reason
from tests.builders import interaction, rule
from tests.unit.scoring.known import TODAY, adjustment, counted, known, ruled_by, told

DECIDES = {"id": "decides", "label": "Decides", "when": {"title": {"eq": "VP"}}, "points": 20}


def does(type: str, points: float, **more: Any) -> dict[str, Any]:
    """A rule that is named as the type of interaction that it counts."""
    return rule(type, points, label=type.capitalize(), when={"type": type}, **more)


def removed(rules: Matrix, *interactions: Interaction, day: int = 0) -> list[str]:
    """The rules without which somebody would not have flipped, or the label of what was given by hand."""
    lines = without(known(rules, *interactions), rules, TODAY + day)
    return [line.label if line.rule == "adjustment" else line.rule for line in lines]


def ways(rules: Matrix, *interactions: Interaction, day: int = 0) -> list[tuple[str, int]]:
    lacking = missing(known(rules, *interactions), rules, TODAY + day)
    return [(way.rule, way.times) for way in lacking.ways]


LIKES_VISITS_SHARES = [interaction("like"), interaction("visit"), interaction("share")]


def test_without_one_line_that_made_the_difference_nobody_flips() -> None:
    rules = ruled_by(does("like", 5), does("visit", 10), does("share", 12), flip_number=18)
    assert removed(rules, *LIKES_VISITS_SHARES) == ["share"]


def test_who_did_not_reach_the_flip_number_would_not_have_flipped_anyway() -> None:
    rules = ruled_by(does("like", 5), does("visit", 10), flip_number=15.5)
    assert without(known(rules, *LIKES_VISITS_SHARES), rules, TODAY) == []


def test_the_lines_are_the_reasons_of_the_score_in_their_order() -> None:
    rules = ruled_by(does("like", 5), does("visit", 10), does("share", 12), flip_number=10)
    of = known(rules, *LIKES_VISITS_SHARES)
    assert without(of, rules, TODAY) == list(price(of, rules, TODAY).reasons[1:])


def test_of_sets_of_the_same_size_it_is_the_one_that_takes_away_most() -> None:
    rules = ruled_by(does("like", 5), does("visit", 10), does("share", 7), flip_number=18)
    assert removed(rules, *LIKES_VISITS_SHARES) == ["visit"]


def test_what_took_points_is_never_a_line_to_be_without() -> None:
    rules = ruled_by(
        does("like", -5), does("visit", 30), inactivity={"after": "1d", "points": -1}, flip_number=24
    )
    assert removed(rules, *LIKES_VISITS_SHARES, day=3) == ["visit"]


def test_a_score_that_just_reaches_the_flip_number_does_so_no_more_without_its_least_line() -> None:
    rules = ruled_by(does("like", 0.001), does("visit", 10), flip_number=10.001)
    assert removed(rules, *LIKES_VISITS_SHARES) == ["visit"]
    only_just = ruled_by(does("like", 0.0004), does("visit", 10), flip_number=10)
    assert removed(only_just, *LIKES_VISITS_SHARES) == ["visit"]


def test_a_line_behind_a_group_s_cap_is_not_enough() -> None:
    """Either of the two large lines alone fills the group, so without just one of them nothing changes."""
    rules = ruled_by(
        does("like", 50),
        does("visit", 50),
        does("share", 6),
        groups={"web": {"rules": ["like", "visit"], "cap": 20}},
        flip_number=15,
    )
    assert removed(rules, *LIKES_VISITS_SHARES) == ["like", "visit"]


def test_a_group_goes_whole_where_its_first_line_takes_away_less_than_another_line() -> None:
    """Greed would take the 9 and the 8 first, and then still need both of the group."""
    rules = ruled_by(
        does("like", 20),
        does("visit", 20),
        does("share", 9),
        does("comment", 8),
        groups={"web": {"rules": ["like", "visit"], "cap": 20}},
        flip_number=18,
    )
    done = [*LIKES_VISITS_SHARES, interaction("comment")]
    assert removed(rules, *done) == ["like", "visit"]


def test_what_a_group_would_give_back_counts_when_a_line_is_taken_away() -> None:
    """Without the 30 the group has -100, but it takes no more than 10."""
    rules = ruled_by(
        does("like", 105),
        does("visit", -100),
        does("share", 30),
        groups={"web": {"rules": ["like", "visit"], "cap": 10}},
        flip_number=20,
    )
    assert removed(rules, *LIKES_VISITS_SHARES) == ["share"]


def test_traits_and_points_given_by_hand_are_lines_too() -> None:
    rules = ruled_by(does("like", 5), traits=[DECIDES], flip_number=14)
    done = [interaction("like"), told(title="VP"), adjustment(8, "fair"), adjustment(9, "talk")]
    assert removed(rules, *done) == ["decides", "talk"]


def really_without(of: Known, matrix: Matrix, lines: Iterable[Reason], day: int) -> float:
    """The score under a matrix without these rules, of counts without these adjustments."""
    gone = list(lines)
    ids = {line.rule for line in gone}
    reduced = matrix.model_copy(
        update={
            "rules": [one for one in matrix.rules if one.id not in ids],
            "traits": [one for one in matrix.traits if one.id not in ids],
        }
    )
    labels = [f'"reason":"{line.label}"' for line in gone if line.rule == "adjustment"]
    counts = dict(of.counts)
    for then, texts in counts.pop(ADJUSTMENTS, {}).items():
        left = {text: n for text, n in texts.items() if not any(label in text for label in labels)}
        counts.setdefault(ADJUSTMENTS, {})[then] = left
    return price(Known(counts, of.traits), reduced, day).points


TYPES = ["like", "visit", "share", "comment"]
PRICES = st.integers(-24, 60).map(lambda eighths: eighths / 4)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Matrix, Known]:
    """Up to four rules of behaviour, two of traits and two adjustments; groups of some of the rules."""
    rules = [
        does(name, draw(PRICES), **draw(st.sampled_from([{}, {"half_life": "9d"}, {"cap": 7}])))
        for name in TYPES[: draw(st.integers(1, 4))]
    ]
    traits = [
        {"id": name, "when": {name: {"exists": True}}, "points": draw(PRICES)}
        for name in ("title", "country")[: draw(st.integers(0, 2))]
    ]
    caps = st.integers(1, 60).map(lambda quarters: quarters / 4)
    members: dict[str, list[str]] = {}
    for one in rules:
        members.setdefault(draw(st.sampled_from(["web", "mail", "none"])), []).append(one["id"])
    members.pop("none", None)
    if traits and draw(st.booleans()):
        members["person"] = [one["id"] for one in traits]
    matrix = ruled_by(
        *rules,
        traits=traits,
        groups={name: {"rules": ids, "cap": draw(caps)} for name, ids in members.items()},
        flip_number=draw(st.integers(1, 120)) / 4,
        inactivity={"after": "3d", "points": -2},
    )
    done = [
        interaction(name, day=-day) for name in TYPES for day in draw(st.lists(st.integers(0, 9), max_size=3))
    ]
    hands = [adjustment(draw(PRICES), f"hand {n}") for n in range(draw(st.integers(0, 2)))]
    known_as = [told(**{name: "x"}) for name in draw(st.sets(st.sampled_from(["title", "country"])))]
    return matrix, known(matrix, *done, *hands, *known_as)


@settings(deadline=None, max_examples=300)
@given(cases())
def test_no_smaller_and_no_heavier_set_of_lines_makes_the_difference(case: tuple[Matrix, Known]) -> None:
    matrix, of = case
    score = price(of, matrix, TODAY)
    lines = [line for line in score.reasons if line.points > 0 and not line.rule.startswith("group:")]
    enough = [
        (size, left)
        for size in range(len(lines) + 1)
        for gone in combinations(lines, size)
        if (left := really_without(of, matrix, gone, TODAY)) < matrix.flip_number
    ]
    found = without(of, matrix, TODAY)
    assert (len(found), really_without(of, matrix, found, TODAY)) == min(enough)


# What is missing


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
