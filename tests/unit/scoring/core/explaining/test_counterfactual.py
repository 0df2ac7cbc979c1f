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
from tests.unit.scoring.known import TODAY, adjustment, identify, known, ruled_by


def removed(rules: Matrix, *interactions: Interaction, day: int = 0) -> list[str]:
    """The rules without which the profile would not have flipped; for points by hand, their label."""
    lines = without(known(rules, *interactions), rules, TODAY + day)
    return [line.label if line.rule == "adjustment" else line.rule for line in lines]


LIKES_VISITS_SHARES = [interaction("like"), interaction("visit"), interaction("share")]


def test_the_single_line_that_made_the_difference_is_found() -> None:
    rules = ruled_by(does("like", 5), does("visit", 10), does("share", 12), flip_number=18)
    assert removed(rules, *LIKES_VISITS_SHARES) == ["share"]


def test_no_lines_are_returned_for_a_score_below_the_flip_number() -> None:
    rules = ruled_by(does("like", 5), does("visit", 10), flip_number=15.5)
    assert without(known(rules, *LIKES_VISITS_SHARES), rules, TODAY) == []


def test_the_lines_are_reasons_of_the_score_in_score_order() -> None:
    rules = ruled_by(does("like", 5), does("visit", 10), does("share", 12), flip_number=10)
    of = known(rules, *LIKES_VISITS_SHARES)
    assert without(of, rules, TODAY) == list(price(of, rules, TODAY).reasons[1:])


def test_the_heaviest_of_several_equally_small_sets_of_lines_is_chosen() -> None:
    rules = ruled_by(does("like", 5), does("visit", 10), does("share", 7), flip_number=18)
    assert removed(rules, *LIKES_VISITS_SHARES) == ["visit"]


def test_lines_with_negative_points_are_never_returned() -> None:
    rules = ruled_by(
        does("like", -5), does("visit", 30), inactivity={"after": "1d", "points": -1}, flip_number=24
    )
    assert removed(rules, *LIKES_VISITS_SHARES, day=3) == ["visit"]


def test_the_heaviest_line_is_returned_when_the_score_only_just_flips() -> None:
    rules = ruled_by(does("like", 0.001), does("visit", 10), flip_number=10.001)
    assert removed(rules, *LIKES_VISITS_SHARES) == ["visit"]
    only_just = ruled_by(does("like", 0.0004), does("visit", 10), flip_number=10)
    assert removed(only_just, *LIKES_VISITS_SHARES) == ["visit"]


def test_both_lines_of_a_capped_group_are_returned_if_each_fills_the_cap() -> None:
    """Either of the two large lines alone fills the group, so without just one of them nothing changes."""
    rules = ruled_by(
        does("like", 50),
        does("visit", 50),
        does("share", 6),
        groups={"web": {"rules": ["like", "visit"], "cap": 20}},
        flip_number=15,
    )
    assert removed(rules, *LIKES_VISITS_SHARES) == ["like", "visit"]


def test_a_whole_group_is_returned_if_that_is_the_smallest_set() -> None:
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


def test_removing_a_line_accounts_for_the_cap_of_its_group() -> None:
    """Without the 30 the group has -100, but it takes no more than 10."""
    rules = ruled_by(
        does("like", 105),
        does("visit", -100),
        does("share", 30),
        groups={"web": {"rules": ["like", "visit"], "cap": 10}},
        flip_number=20,
    )
    assert removed(rules, *LIKES_VISITS_SHARES) == ["share"]


def test_trait_rules_and_adjustments_are_lines_too() -> None:
    rules = ruled_by(does("like", 5), traits=[DECIDES], flip_number=14)
    done = [interaction("like"), identify(title="VP"), adjustment(8, "fair"), adjustment(9, "talk")]
    assert removed(rules, *done) == ["decides", "talk"]


def really_without(of: ScoreInput, matrix: Matrix, lines: Iterable[Reason], day: int) -> float:
    """The score under a matrix without these rules, of counts without these adjustments."""
    left_out = list(lines)
    ids = {line.rule for line in left_out}
    left = {
        "rules": [each_rule for each_rule in matrix.rules if each_rule.id not in ids],
        "traits": [trait_rule for trait_rule in matrix.traits if trait_rule.id not in ids],
    }
    # Not a copy, which would have the cached results for all rules.
    reduced = Matrix.model_construct(None, **dict(matrix) | left)
    labels = [f'"reason":"{line.label}"' for line in left_out if line.rule == "adjustment"]
    by_hand = of.counts.by_hand.items()
    kept = {(then, text): n for (then, text), n in by_hand if not any(label in text for label in labels)}
    counts = Counts(of.counts.packed, kept)
    return price(ScoreInput(counts, of.traits), reduced, day).points


@settings(max_examples=300)
@given(cases())
def test_no_smaller_or_heavier_set_of_lines_prevents_the_flip(case: tuple[Matrix, ScoreInput]) -> None:
    matrix, of = case
    score = price(of, matrix, TODAY)
    lines = [line for line in score.reasons if line.points > 0 and not line.rule.startswith("group:")]
    enough = [
        (size, left)
        for size in range(len(lines) + 1)
        for left_out in combinations(lines, size)
        if (left := really_without(of, matrix, left_out, TODAY)) < matrix.flip_number
    ]
    found = without(of, matrix, TODAY)
    assert (len(found), really_without(of, matrix, found, TODAY)) == min(enough)


def test_only_the_necessary_lines_of_a_thousand_are_returned() -> None:
    """All rules of 1 to 25 points and the like give 326; one more of 26 would reach the flip number."""
    rules = ruled_by(does("like", 1), flip_number=327, groups={"web": {"rules": ["like"], "cap": 1}})
    hands = [adjustment(points, f"hand {points:04}") for points in range(1, 1_001)]
    expected = [f"hand {points:04}" for points in range(26, 1_001)]
    assert sorted(removed(rules, interaction("like"), *hands)) == expected
