from collections.abc import Iterable
from itertools import combinations

from hypothesis import given, settings

from services.scoring.core.counting.counts import Counts
from services.scoring.core.explaining.counterfactual import without
from services.scoring.core.pricing.price import ScoreInput, price
from services.scoring.matrix.matrix import Matrix
from shared.events import Interaction, Reason
from tests.support.builders import interaction
from tests.unit.scoring.core.explaining.cases import DECIDES, cases, does
from tests.unit.scoring.known import TODAY, adjustment, known, ruled_by, told


def removed(rules: Matrix, *interactions: Interaction, day: int = 0) -> list[str]:
    """The rules without which somebody would not have flipped, or the label of what was given by hand."""
    lines = without(known(rules, *interactions), rules, TODAY + day)
    return [line.label if line.rule == "adjustment" else line.rule for line in lines]


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


def really_without(of: ScoreInput, matrix: Matrix, lines: Iterable[Reason], day: int) -> float:
    """The score under a matrix without these rules, of counts without these adjustments."""
    gone = list(lines)
    ids = {line.rule for line in gone}
    left = {
        "rules": [one for one in matrix.rules if one.id not in ids],
        "traits": [one for one in matrix.traits if one.id not in ids],
    }
    # Not a copy: it would have what was worked out for all rules.
    reduced = Matrix.model_construct(None, **dict(matrix) | left)
    labels = [f'"reason":"{line.label}"' for line in gone if line.rule == "adjustment"]
    by_hand = of.counts.by_hand.items()
    kept = {(then, text): n for (then, text), n in by_hand if not any(label in text for label in labels)}
    counts = Counts(of.counts.packed, kept)
    return price(ScoreInput(counts, of.traits), reduced, day).points


@settings(max_examples=300)
@given(cases())
def test_no_smaller_and_no_heavier_set_of_lines_makes_the_difference(case: tuple[Matrix, ScoreInput]) -> None:
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


def test_of_a_thousand_lines_as_many_are_taken_away_as_need_be() -> None:
    """All of 1 to 25 points and the like are 326 together, one more of 26 would reach the flip number."""
    rules = ruled_by(does("like", 1), flip_number=327, groups={"web": {"rules": ["like"], "cap": 1}})
    hands = [adjustment(points, f"hand {points:04}") for points in range(1, 1_001)]
    expected = [f"hand {points:04}" for points in range(26, 1_001)]
    assert sorted(removed(rules, interaction("like"), *hands)) == expected
